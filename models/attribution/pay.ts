import { type AnswerPay, answerPay, dataUnitsOf, type Judged, judgeAll, playersOf } from './answer-pay.ts'
import { z90 } from './conformal.ts'
import { divideAmong, splitByWeight } from './division.ts'
import { checkPayInput, type PayInput } from './pay-input.ts'

export { type AccountShare, type AnswerPay, answerPays, fitScale } from './answer-pay.ts'
export type { PayRow } from './division.ts'
export type { Abstention } from './gain.ts'
export type { PayAnswer, PayInput } from './pay-input.ts'

export interface PayTable {
  /** True where no ensemble measured the errors. */
  provisional: boolean
  rows: { row: number; units: bigint }[]
  accounts: Map<string, bigint>
  perAnswer: AnswerPay[]
  /**
   * Signed sums S_c over the period and their standard errors, units. A cluster is paid what is above 1.645 errors; one that
   * stays below zero harms the model.
   */
  clusters: { cluster: number; units: number; error: number }[]
  /** paidUnits + commonsUnits = dataUnits, to the unit. */
  paidUnits: bigint
  commonsUnits: bigint
  dataUnits: bigint
}

/**
 * Divides a settlement period's data share among training rows.
 * Effects: a player (content cluster; without an ensemble, near-duplicate cluster) earns what its signed sum over the period
 * exceeds 1.645 standard errors by; its canonical rows divide that by what their own sums exceed their noise by; an answer's positive parts never exceed
 * its pot; what belongs to the asker's own rows, and all that is not attributed, goes to the commons.
 * Requires: influence of every row for every answer, and outcomes where there is an ensemble. Throws `pay-input` otherwise,
 * or for shares out of range.
 */
export const payTable = async (input: PayInput): Promise<PayTable> => {
  checkPayInput(input)
  const { rows, ensemble } = input
  const players = playersOf(input)
  const judged = judgeAll(input, players)
  const paying = judged.filter(one => one.perNat > 0)
  const rowSums = new Float64Array(rows.length)
  const own = new Float64Array(players.count)
  const allowed = rows.map(({ account }) => paying.some(({ mine }) => !mine(account)))
  for (const { answer, perNat, parts, mine } of paying)
    for (let i = 0; i < rows.length; i++) {
      if (!mine(rows[i]!.account)) rowSums[i] = rowSums[i]! + perNat * answer.influence[i]!
      else if (parts[i]! > 0) own[players.of[i]!] = own[players.of[i]!]! + parts[i]!
    }
  const period =
    ensemble === undefined
      ? plainSums(paying, players.count)
      : await ensemble.period(
          paying.map(seenOf),
          paying.map(({ perNat }) => perNat),
        )
  const sums = period.sums.map((value, c) => value - own[c]!)
  const amounts = sums.map((value, c) => Math.max(0, value - z90 * period.errors[c]!))
  const payable = rows.map((row, i) => ({ ...row, canonical: row.canonical && allowed[i]! }))
  const weights = divideAmong(
    amounts,
    rowValues(rowSums, harmOf(paying, rows.length), players, payable),
    players.of,
    payable,
  )
  const whole = BigInt(Math.floor(weights.reduce((total, weight) => total + weight, 0)))
  const potsUnits = judged.reduce((total, { potUnits }) => total + potUnits, 0n)
  const units = splitByWeight(whole < potsUnits ? whole : potsUnits, weights)
  const accounts = new Map<string, bigint>()
  for (const [i, { account }] of rows.entries())
    if (units[i]! > 0n) accounts.set(account, (accounts.get(account) ?? 0n) + units[i]!)
  const dataUnits = input.answers.reduce((total, answer) => total + dataUnitsOf(answer, input), 0n)
  const paidUnits = units.reduce((total, amount) => total + amount, 0n)
  return {
    provisional: ensemble === undefined,
    rows: units.flatMap((amount, row) => (amount > 0n ? [{ row, units: amount }] : [])),
    accounts,
    perAnswer: judged.map(one => answerPay(one, input, players)),
    clusters: players.ids.map((cluster, c) => ({ cluster, units: sums[c]!, error: period.errors[c]! })),
    paidUnits,
    commonsUnits: dataUnits - paidUnits,
    dataUnits,
  }
}

/** Sum over answers of the squares of what each row seems to harm them by. An answer given again is no new evidence: it counts once, with all its weight. */
const harmOf = (paying: readonly Judged[], rows: number): Float64Array => {
  const answers = new Map<string, { influence: ArrayLike<number>; perNat: number }>()
  for (const { answer, perNat } of paying) {
    // Two answers that agree in all of these to the last bit are one.
    const key = [answer.tokens, answer.nats.unigram, answer.nats.base, answer.nats.adapter].join()
    const known = answers.get(key)
    answers.set(key, { influence: answer.influence, perNat: perNat + (known?.perNat ?? 0) })
  }
  const harm = new Float64Array(rows)
  for (const { influence, perNat } of answers.values())
    for (let i = 0; i < rows; i++) if (influence[i]! < 0) harm[i] = harm[i]! + (perNat * influence[i]!) ** 2
  return harm
}

/**
 * What the rows of a cluster divide it by: how far each one's sum stands above its noise. Noise goes both ways, so it is read off
 * the answers that the row seems to harm: twice their squares. A row that has nothing to do with its cluster helps about as
 * often as it harms; one that shaped a single answer harms little. Where no row of a cluster stands out, their sums as they are.
 */
const rowValues = (
  sums: Float64Array,
  harm: Float64Array,
  players: { of: ArrayLike<number>; count: number },
  rows: readonly { canonical: boolean }[],
): Float64Array => {
  const bounded = sums.map((sum, i) => Math.max(0, sum - z90 * Math.sqrt(2 * harm[i]!)))
  const standing = new Uint8Array(players.count)
  for (const [i, value] of bounded.entries())
    if (value > 0 && rows[i]!.canonical) standing[players.of[i]!] = 1
  return bounded.map((value, i) => (standing[players.of[i]!] ? value : sums[i]!))
}

const seenOf = ({ answer }: Judged) => ({ nats: answer.outcomes!, influence: answer.influence })

const plainSums = (paying: readonly Judged[], count: number) => {
  const sums = new Float64Array(count)
  for (const { perNat, effects } of paying)
    for (let c = 0; c < count; c++) sums[c] = sums[c]! + perNat * effects.mean[c]!
  return { sums, errors: new Float64Array(count) }
}
