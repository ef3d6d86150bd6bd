import { type Clustering, sumsByCluster } from './clusters.ts'
import { z90 } from './conformal.ts'
import { divideAmong } from './division.ts'
import { type Abstention, answerGain, leastNatsPerToken } from './gain.ts'
import { checkPayInput, type PayAnswer, type PayInput } from './pay-input.ts'

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

/** What each answer alone would pay: its gain and everybody's share, without the sums of a period. Throws `pay-input`. */
export const answerPays = (input: PayInput): AnswerPay[] => {
  checkPayInput(input)
  const players = playersOf(input)
  return judgeAll(input, players).map(one => answerPay(one, input, players))
}

/** Between whom influence is divided. */
export interface Players extends Clustering {
  readonly ids: readonly number[]
}

export const playersOf = ({ rows, ensemble }: PayInput): Players => {
  if (ensemble !== undefined) {
    const { count, of } = ensemble.clustering
    return { count, of, ids: Array.from({ length: count }, (_, i) => i) }
  }
  const ids = [...new Set(rows.map(row => row.cluster))].toSorted((a, b) => a - b)
  const place = new Map(ids.map((cluster, at) => [cluster, at]))
  return { count: ids.length, of: Uint32Array.from(rows, row => place.get(row.cluster)!), ids }
}

export interface Judged {
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

export const dataUnitsOf = (answer: PayAnswer, { dataShare }: PayInput): bigint =>
  (answer.revenueUnits * BigInt(dataShare)) / basisPoints

const positiveSum = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + Math.max(0, value), 0)

export const judgeAll = (input: PayInput, players: Players): Judged[] => {
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
  const plain = answers.map(({ influence }) => sumsByCluster(influence, players))
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

export const answerPay = (one: Judged, input: PayInput, players: Players): AnswerPay => {
  const { answer, gain, potUnits, abstained, effects, perNat, parts, mine } = one
  const explained = { id: answer.id, gain, potUnits, unitsPerNat: perNat, abstained }
  const dataUnits = Number(dataUnitsOf(answer, input))
  if (perNat === 0 || dataUnits === 0) return { ...explained, shares: [], unattributed: 1 }
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
    const { mean, deviation } = effects
    // An account's part of a cluster is taken as known; what is uncertain is what the cluster is worth.
    const spread = Math.hypot(...[...own].map(([c, part]) => (part / mean[c]!) * deviation[c]!))
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
