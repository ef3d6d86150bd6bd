import { fault } from '../../infra/errors.ts'

/** A paid answer of the settlement period, with what attribution found. */
export interface PayAnswer {
  id: string
  /** What the asker paid for it, smallest units. */
  revenueUnits: bigint
  /** Tokens of the answer, the end of the turn included. */
  tokens: number
  /** -log p of the answer under the datanet's unigrams, the base and the adapter, over the same tokens. */
  nats: { unigram: number; base: number; adapter: number }
  /** Signed influence of every training row; positive: removing the row raises the loss. */
  influence: ArrayLike<number>
  askerAccount: string
  disputed: boolean
}

export interface PayRow {
  account: string
  /** Content cluster, formed without looking at accounts. */
  cluster: number
  /** False for a near-copy of an earlier row: it earns nothing. */
  canonical: boolean
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
  /** Nats of loss per unit of influence; where absent it is fitted to the period, see `fitScale`. */
  scale?: number
}

export type Abstention = 'disputed' | 'no-gain' | 'gain-too-small' | 'asker-is-contributor'

export interface AnswerPay {
  id: string
  /** Part of the way from the datanet's unigrams to certainty that is the adapter's, 0 to 0.9. */
  gain: number
  /** The most that this answer can pay: data share x revenue x gain. */
  potUnits: bigint
  /** Why the answer pays nothing, or null. */
  abstained: Abstention | null
  /**
   * Parts of the answer's data share, 0 to 1, highest first. They explain this one answer; pay follows the period's signed
   * sums, in which an account's negative answers count too.
   */
  shares: { account: string; share: number }[]
  /** What is left to the commons, 0 to 1. */
  unattributed: number
}

export interface PayTable {
  rows: { row: number; units: bigint }[]
  accounts: Map<string, bigint>
  perAnswer: AnswerPay[]
  /** Signed sums S_c over the period, units; a cluster that stays below zero harms the model. */
  clusters: { cluster: number; units: number }[]
  /** paidUnits + commonsUnits = dataUnits, to the unit. */
  paidUnits: bigint
  commonsUnits: bigint
  dataUnits: bigint
}

const cap = 0.9
/** An adapter that gains less than this many nats a token has not made the answer possible. */
const leastNatsPerToken = 0.02
const basisPoints = 10_000n
/** Gains enter integer arithmetic in billionths, rounded down. */
const gainParts = 1_000_000_000n

/** How much of an answer is the adapter's: 0 unless it beats both the base and the datanet's own unigrams. */
export const answerGain = (nats: PayAnswer['nats'], maxGain: number): number => {
  const { unigram, base, adapter } = nats
  if (!(adapter < Math.min(base, unigram))) return 0
  const gain = (base - adapter) / (unigram - adapter)
  return Math.max(0, Math.min(gain, cap, maxGain))
}

/**
 * The release's gain on its held-out reference answers: the same formula over all their nats together. Each input holds
 * one figure an answer, over the same tokens.
 */
export const heldOutGain = (nats: {
  unigram: ArrayLike<number>
  base: ArrayLike<number>
  adapter: ArrayLike<number>
}): number => {
  const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0)
  const sums = { unigram: total(nats.unigram), base: total(nats.base), adapter: total(nats.adapter) }
  return answerGain(sums, cap)
}

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
 * Divides a settlement period's data share among training rows: the provisional rule, without intervals.
 * Effects: a cluster earns the positive part of its signed sum over the period; its canonical rows divide that by their
 * own sums; an answer's positive parts never exceed its pot; what is not attributed goes to the commons.
 * Requires: influence of every row for every answer. Throws `pay-input` otherwise, or for shares out of range.
 */
export const payTable = (input: PayInput): PayTable => {
  check(input)
  const { rows, dataShare } = input
  const clusterIds = [...new Set(rows.map(row => row.cluster))].toSorted((a, b) => a - b)
  const place = new Map(clusterIds.map((cluster, at) => [cluster, at]))
  const clusterOf = Uint32Array.from(rows, row => place.get(row.cluster)!)

  const dataUnitsOf = (answer: PayAnswer) => (answer.revenueUnits * BigInt(dataShare)) / basisPoints
  const judged = input.answers.map(answer => judge(answer, input, clusterOf, clusterIds.length))
  const scale =
    input.scale ?? fitScale(judged.filter(j => j.abstained === null).map(j => j.gamma / j.positive))

  const rowSums = new Float64Array(rows.length)
  const clusterSums = new Float64Array(clusterIds.length)
  let potsUnits = 0n
  const perAnswer = judged.map(({ answer, gain, gamma, positive, clusters, abstained }): AnswerPay => {
    const dataUnits = dataUnitsOf(answer)
    const potUnits =
      abstained === null ? (dataUnits * BigInt(Math.floor(gain * Number(gainParts)))) / gainParts : 0n
    potsUnits += potUnits
    const explained = { id: answer.id, gain, potUnits, abstained }
    const perNat = Number(potUnits) / Math.max(gamma, scale * positive)
    if (potUnits === 0n || scale === 0) return { ...explained, shares: [], unattributed: 1 }
    for (let c = 0; c < clusterSums.length; c++)
      clusterSums[c] = clusterSums[c]! + perNat * scale * clusters[c]!
    for (let i = 0; i < rows.length; i++) rowSums[i] = rowSums[i]! + perNat * scale * answer.influence[i]!
    const parts = divide(
      clusters.map(beta => Math.max(0, beta * scale * perNat)),
      answer.influence,
      clusterOf,
      rows,
    )
    return { ...explained, ...sharesOf(parts, rows, Number(dataUnits)) }
  })

  const weights = divide(
    clusterSums.map(sum => Math.max(0, sum)),
    rowSums,
    clusterOf,
    rows,
  )
  const whole = BigInt(Math.floor(weights.reduce((sum, weight) => sum + weight, 0)))
  const paidUnits = whole < potsUnits ? whole : potsUnits
  const units = split(paidUnits, weights)
  const accounts = new Map<string, bigint>()
  for (const [i, { account }] of rows.entries())
    if (units[i]! > 0n) accounts.set(account, (accounts.get(account) ?? 0n) + units[i]!)
  const dataUnits = input.answers.reduce((sum, answer) => sum + dataUnitsOf(answer), 0n)
  return {
    rows: units.flatMap((amount, row) => (amount > 0n ? [{ row, units: amount }] : [])),
    accounts,
    perAnswer,
    clusters: clusterIds.map((cluster, c) => ({ cluster, units: clusterSums[c]! })),
    paidUnits: units.reduce((sum, amount) => sum + amount, 0n),
    commonsUnits: dataUnits - units.reduce((sum, amount) => sum + amount, 0n),
    dataUnits,
  }
}

const judge = (answer: PayAnswer, input: PayInput, clusterOf: Uint32Array, count: number) => {
  const clusters = new Float64Array(count)
  for (let i = 0; i < clusterOf.length; i++)
    clusters[clusterOf[i]!] = clusters[clusterOf[i]!]! + answer.influence[i]!
  const positive = clusters.reduce((sum, beta) => sum + Math.max(0, beta), 0)
  const gain = answerGain(answer.nats, input.maxGain)
  const gamma = answer.nats.base - answer.nats.adapter
  const owns = () => {
    const same = (account: string) =>
      account === answer.askerAccount || (input.linked?.(account, answer.askerAccount) ?? false)
    return divide(clusters, answer.influence, clusterOf, input.rows).some(
      (part, i) => part > 0 && same(input.rows[i]!.account),
    )
  }
  let abstained: Abstention | null = null
  if (answer.disputed) abstained = 'disputed'
  else if (gain === 0) abstained = 'no-gain'
  else if (gamma < leastNatsPerToken * answer.tokens) abstained = 'gain-too-small'
  else if (owns()) abstained = 'asker-is-contributor'
  return { answer, clusters, positive, gain, gamma, abstained }
}

/**
 * Divides each cluster's positive amount among its canonical rows by their positive values; where none of them has one (a
 * near-copy carried the cluster) evenly among them, and a cluster of near-copies alone gets nothing.
 */
const divide = (
  amounts: Float64Array,
  values: ArrayLike<number>,
  clusterOf: Uint32Array,
  rows: readonly PayRow[],
): Float64Array => {
  const sums = new Float64Array(amounts.length)
  const canonical = new Uint32Array(amounts.length)
  for (const [i, row] of rows.entries()) {
    if (!row.canonical) continue
    const c = clusterOf[i]!
    canonical[c] = canonical[c]! + 1
    sums[c] = sums[c]! + Math.max(0, values[i]!)
  }
  return Float64Array.from(rows, (row, i) => {
    const c = clusterOf[i]!
    if (!row.canonical || !(amounts[c]! > 0)) return 0
    const part = sums[c]! > 0 ? Math.max(0, values[i]!) / sums[c]! : 1 / canonical[c]!
    return amounts[c]! * part
  })
}

const sharesOf = (parts: Float64Array, rows: readonly PayRow[], dataUnits: number) => {
  const byAccount = new Map<string, number>()
  for (const [i, part] of parts.entries())
    if (part > 0) byAccount.set(rows[i]!.account, (byAccount.get(rows[i]!.account) ?? 0) + part / dataUnits)
  const shares = [...byAccount].map(([account, share]) => ({ account, share }))
  shares.sort((a, b) => b.share - a.share || (a.account < b.account ? -1 : 1))
  const attributed = shares.reduce((sum, { share }) => sum + share, 0)
  return { shares, unattributed: Math.max(0, 1 - attributed) }
}

/** Largest remainder over float weights, exact in integers: weights become parts of 2^52. Ties go to the earlier row. */
const split = (total: bigint, weights: Float64Array): bigint[] => {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (total === 0n || !(sum > 0)) return Array.from(weights, () => 0n)
  const parts = Array.from(weights, weight => BigInt(Math.floor((weight / sum) * 2 ** 52)))
  const all = parts.reduce((a, b) => a + b, 0n)
  const units = parts.map(part => (total * part) / all)
  let left = total - units.reduce((a, b) => a + b, 0n)
  const order = parts
    .map((part, i) => ({ i, remainder: (total * part) % all }))
    .sort((a, b) => (a.remainder === b.remainder ? a.i - b.i : a.remainder < b.remainder ? 1 : -1))
  for (const { i } of order) {
    if (left === 0n) break
    units[i] = units[i]! + 1n
    left--
  }
  return units
}

const check = ({ answers, rows, dataShare, maxGain, scale }: PayInput): void => {
  const wrong = (what: string) =>
    fault('pay-input', `Pay cannot be computed: ${what}.`, {
      fix: 'Attribute every answer against the rows of its release.',
      blame: 'ours',
    })
  if (!Number.isInteger(dataShare) || dataShare < 0 || dataShare > 10_000)
    throw wrong(`the data share of ${dataShare} basis points is not between 0 and 10,000`)
  if (!Number.isFinite(maxGain)) throw wrong('the release has no gain')
  if (scale !== undefined && !(scale >= 0 && Number.isFinite(scale))) throw wrong('the scale is negative')
  for (const { id, influence, nats, revenueUnits } of answers) {
    if (revenueUnits < 0n) throw wrong(`answer ${id} has a negative revenue`)
    if (influence.length !== rows.length)
      throw wrong(`answer ${id} has ${influence.length} influences for ${rows.length} rows`)
    const numbers = [nats.unigram, nats.base, nats.adapter, ...Array.from(influence)]
    if (!numbers.every(Number.isFinite)) throw wrong(`answer ${id} has a figure that is not a finite number`)
  }
}
