import { fault } from '../../infra/errors.ts'
import { z90 } from './conformal.ts'
import { divideAmong, type PayRow, splitByWeight } from './division.ts'
import type { Ensemble } from './ensemble.ts'
import { type Abstention, type AnswerNats, answerGain, leastNatsPerToken } from './gain.ts'

export type { PayRow } from './division.ts'
export type { Abstention } from './gain.ts'

/** A paid answer of the settlement period, with what attribution found. */
export interface PayAnswer {
  id: string
  /** What the asker paid for it, smallest units. */
  revenueUnits: bigint
  /** Tokens of the answer, the end of the turn included. */
  tokens: number
  nats: AnswerNats
  /** Signed influence of every training row; positive: removing the row raises the loss. */
  influence: ArrayLike<number>
  /** -log p of the answer under each subset adapter, nats; needed where the release has an ensemble. */
  outcomes?: Float64Array
  askerAccount: string
  disputed: boolean
}

export interface PayInput {
  answers: readonly PayAnswer[]
  rows: readonly PayRow[]
  /** Part of the revenue that goes to the data, basis points. */
  dataShare: number
  /** The release's gain on its held-out reference answers: no answer's gain is above it. */
  maxGain: number
  /** Whether two accounts are known to be one person's; every account is linked to itself. */
  linked?: (a: string, b: string) => boolean
  /** The release's subset adapters; without them pay is provisional and has no error bars. */
  ensemble?: Ensemble
  /** Nats of loss per unit of influence where there is no ensemble; fitted to the period where absent, see `fitScale`. */
  scale?: number
}

export interface AccountShare {
  account: string
  /** Part of the answer's data share, 0 to 1. */
  share: number
  /** Ends of its 90% interval; null without an ensemble. */
  low: number | null
  high: number | null
}

export interface AnswerPay {
  id: string
  /** Part of the way from the datanet's unigrams to certainty that is the adapter's, 0 to 0.9. */
  gain: number
  /** The most that this answer can pay: data share x revenue x gain. */
  potUnits: bigint
  /** What a nat of influence on this answer pays; 0 where it pays nothing. */
  unitsPerNat: number
  /** Why the answer pays nothing, or null. */
  abstained: Abstention | null
  /**
   * Highest first. They explain this one answer; pay follows the period's signed sums, in which an account's negative
   * answers count too.
   */
  shares: AccountShare[]
  /** What is left to the commons, 0 to 1. */
  unattributed: number
}

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

const basisPoints = 10_000n
/** Gains enter integer arithmetic in billionths, rounded down. */
const gainParts = 1_000_000_000n

/**
 * Nats of loss per unit of influence: the median over answers of gamma / (sum of positive cluster influences). Damped
 * influence has no natural scale; with this one the positive parts of a typical answer add up to what the adapter gained on
 * it. One figure for all answers, never one per answer; a median, so that few crafted answers cannot move it.
 */
export const fitScale = (ratios: readonly number[]): number => {
  const usable = ratios.filter(ratio => Number.isFinite(ratio) && ratio > 0).toSorted((a, b) => a - b)
  if (usable.length === 0) return 0
  const middle = usable.length >>> 1
  return usable.length % 2 === 1 ? usable[middle]! : (usable[middle - 1]! + usable[middle]!) / 2
}

/**
 * Divides a settlement period's data share among training rows.
 * Effects: a player (content cluster; without an ensemble, near-duplicate cluster) earns what its signed sum over the period
 * exceeds 1.645 standard errors by; its canonical rows divide that by their own sums; an answer's positive parts never exceed
 * its pot; what belongs to the asker's own rows, and all that is not attributed, goes to the commons.
 * Requires: influence of every row for every answer, and outcomes where there is an ensemble. Throws `pay-input` otherwise,
 * or for shares out of range.
 */
export const payTable = async (input: PayInput): Promise<PayTable> => {
  check(input)
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
  const weights = divideAmong(amounts, rowSums, players.of, payable)
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

/** Between whom influence is divided. */
interface Players {
  count: number
  /** Player of each row. */
  of: Uint32Array
  ids: number[]
}

const playersOf = ({ rows, ensemble }: PayInput): Players => {
  if (ensemble !== undefined) {
    const { count, of } = ensemble.clustering
    return { count, of, ids: Array.from({ length: count }, (_, i) => i) }
  }
  const ids = [...new Set(rows.map(row => row.cluster))].toSorted((a, b) => a - b)
  const place = new Map(ids.map((cluster, at) => [cluster, at]))
  return { count: ids.length, of: Uint32Array.from(rows, row => place.get(row.cluster)!), ids }
}

interface Judged {
  answer: PayAnswer
  gain: number
  potUnits: bigint
  abstained: Abstention | null
  /** Effect of each player, nats; deviations are null without an ensemble. */
  effects: { mean: Float64Array; deviation: Float64Array | null }
  /** Units a nat; 0 where the answer pays nothing. */
  perNat: number
  /** Units that each row would get for this answer alone. */
  parts: Float64Array
  /** Whether an account is the asker's or linked to it. */
  mine: (account: string) => boolean
}

const dataUnitsOf = (answer: PayAnswer, { dataShare }: PayInput): bigint =>
  (answer.revenueUnits * BigInt(dataShare)) / basisPoints

const seenOf = ({ answer }: Judged) => ({ nats: answer.outcomes!, influence: answer.influence })
const positiveSum = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + Math.max(0, value), 0)

const judgeAll = (input: PayInput, players: Players): Judged[] => {
  const { answers, ensemble } = input
  if (ensemble !== undefined)
    return answers.map(answer =>
      judge(
        answer,
        ensemble.effects({ nats: answer.outcomes!, influence: answer.influence }),
        input,
        players,
      ),
    )
  const plain = answers.map(answer => {
    const mean = new Float64Array(players.count)
    for (let i = 0; i < players.of.length; i++)
      mean[players.of[i]!] = mean[players.of[i]!]! + answer.influence[i]!
    return mean
  })
  const ratios = answers.map((answer, q) => {
    const { abstained } = judge(answer, { mean: plain[q]!, deviation: null }, input, players)
    return abstained === null ? (answer.nats.base - answer.nats.adapter) / positiveSum(plain[q]!) : 0
  })
  const scale = input.scale ?? fitScale(ratios)
  return answers.map((answer, q) =>
    judge(answer, { mean: plain[q]!.map(value => scale * value), deviation: null }, input, players),
  )
}

const judge = (answer: PayAnswer, effects: Judged['effects'], input: PayInput, players: Players): Judged => {
  const { rows, linked } = input
  const { askerAccount: asker } = answer
  const mine = (account: string) => account === asker || (linked?.(account, asker) ?? false)
  const gain = answerGain(answer.nats, input.maxGain)
  const gamma = answer.nats.base - answer.nats.adapter
  const dataUnits = dataUnitsOf(answer, input)
  const pot = (dataUnits * BigInt(Math.floor(gain * Number(gainParts)))) / gainParts
  const positive = positiveSum(effects.mean)
  const perNat = gain > 0 ? Number(pot) / Math.max(gamma, positive) : 0
  const parts = divideAmong(
    effects.mean.map(beta => Math.max(0, beta) * (perNat > 0 ? perNat : 1)),
    answer.influence,
    players.of,
    rows,
  )
  const all = parts.reduce((sum, part) => sum + part, 0)
  const others = parts.reduce((sum, part, i) => (mine(rows[i]!.account) ? sum : sum + part), 0)
  let abstained: Abstention | null = null
  if (answer.disputed) abstained = 'disputed'
  else if (gain === 0) abstained = 'no-gain'
  else if (gamma < leastNatsPerToken * answer.tokens) abstained = 'gain-too-small'
  else if (all > 0 && others === 0) abstained = 'asker-is-contributor'
  const pays = abstained === null
  return {
    answer,
    gain,
    potUnits: pays ? pot : 0n,
    abstained,
    effects,
    perNat: pays ? perNat : 0,
    parts,
    mine,
  }
}

const plainSums = (paying: readonly Judged[], count: number) => {
  const sums = new Float64Array(count)
  for (const { perNat, effects } of paying)
    for (let c = 0; c < count; c++) sums[c] = sums[c]! + perNat * effects.mean[c]!
  return { sums, errors: new Float64Array(count) }
}

const answerPay = (one: Judged, input: PayInput, players: Players): AnswerPay => {
  const { answer, gain, potUnits, abstained, effects, perNat, parts, mine } = one
  const explained = { id: answer.id, gain, potUnits, unitsPerNat: perNat, abstained }
  const dataUnits = Number(dataUnitsOf(answer, input))
  if (perNat === 0 || dataUnits === 0) return { ...explained, shares: [], unattributed: 1 }
  const amounts = new Float64Array(players.count)
  for (const [i, part] of parts.entries()) amounts[players.of[i]!] = amounts[players.of[i]!]! + part
  const byAccount = new Map<string, Map<number, number>>()
  for (const [i, part] of parts.entries()) {
    const { account } = input.rows[i]!
    if (!(part > 0) || mine(account)) continue
    const own = byAccount.get(account) ?? new Map<number, number>()
    own.set(players.of[i]!, (own.get(players.of[i]!) ?? 0) + part)
    byAccount.set(account, own)
  }
  const clip = (value: number) => Math.max(0, Math.min(1, value))
  const shares = [...byAccount].map(([account, own]): AccountShare => {
    const units = [...own.values()].reduce((sum, part) => sum + part, 0)
    if (effects.deviation === null) return { account, share: units / dataUnits, low: null, high: null }
    const { deviation } = effects
    // An account's part of a cluster is taken as known; what is uncertain is what the cluster is worth.
    const spread = Math.hypot(...[...own].map(([c, part]) => (part / amounts[c]!) * perNat * deviation[c]!))
    return {
      account,
      share: units / dataUnits,
      low: clip((units - z90 * spread) / dataUnits),
      high: clip((units + z90 * spread) / dataUnits),
    }
  })
  shares.sort((a, b) => b.share - a.share || (a.account < b.account ? -1 : 1))
  const attributed = shares.reduce((sum, { share }) => sum + share, 0)
  return { ...explained, shares, unattributed: Math.max(0, 1 - attributed) }
}

const check = ({ answers, rows, dataShare, maxGain, scale, ensemble }: PayInput): void => {
  const wrong = (what: string) =>
    fault('pay-input', `Pay cannot be computed: ${what}.`, {
      fix: 'Attribute every answer against the rows of its release.',
      blame: 'ours',
    })
  if (!Number.isInteger(dataShare) || dataShare < 0 || dataShare > 10_000)
    throw wrong(`the data share of ${dataShare} basis points is not between 0 and 10,000`)
  if (!Number.isFinite(maxGain)) throw wrong('the release has no gain')
  if (scale !== undefined && !(scale >= 0 && Number.isFinite(scale))) throw wrong('the scale is negative')
  if (ensemble !== undefined && ensemble.clustering.of.length !== rows.length)
    throw wrong(`the ensemble knows ${ensemble.clustering.of.length} rows of ${rows.length}`)
  for (const { id, influence, outcomes, nats, revenueUnits } of answers) {
    if (revenueUnits < 0n) throw wrong(`answer ${id} has a negative revenue`)
    if (influence.length !== rows.length)
      throw wrong(`answer ${id} has ${influence.length} influences for ${rows.length} rows`)
    if (ensemble !== undefined && outcomes?.length !== ensemble.members)
      throw wrong(`answer ${id} was not measured under the ensemble's ${ensemble.members} adapters`)
    const numbers = [nats.unigram, nats.base, nats.adapter, ...Array.from(influence), ...(outcomes ?? [])]
    if (!numbers.every(Number.isFinite)) throw wrong(`answer ${id} has a figure that is not a finite number`)
  }
}
