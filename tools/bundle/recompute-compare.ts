import { leastNatsPerToken } from '../../models/attribution/gain.ts'
import type { AnswerAttribution } from '../../models/attribution/index.ts'
import type { AnswerPay } from '../../models/attribution/pay.ts'
import { natsTolerance, type Tolerance, unigramTolerance } from '../../models/attribution/tolerance.ts'
import { gainTolerance, type Nats, shareTolerance } from '../../models/attribution/tolerance-shares.ts'
import type { ModelConfig } from '../../models/engine.ts'
import type { SnapshotRow } from '../rows.ts'
import type { AnswerEvidence, ReleaseEvidence } from './recompute-evidence.ts'

/** One figure, as it was recorded and as it came out here. */
export interface Comparison {
  readonly figure: string
  readonly recorded: number
  readonly recomputed: number
  readonly difference: number
  /** The largest difference that two honest computations can have; 0 for what is counted, not measured. */
  readonly tolerance: number
  readonly ok: boolean
}

/** One answer computed anew. */
export interface Recomputed {
  readonly evidence: AnswerEvidence
  readonly release: ReleaseEvidence
  readonly config: ModelConfig
  /** Tokens of the question and the answer together, at most. */
  readonly sequence: number
  readonly found: AnswerAttribution
  /** What the answer alone would pay. */
  readonly pay: AnswerPay
  /** Norm of the gradient of the answer's loss. */
  readonly norm: number
  readonly tolerance: Tolerance
}

type Compare = (it: Recomputed) => Comparison[]

const compare = (
  figure: string,
  recorded: number,
  recomputed: number,
  tolerance: number,
  difference = Math.abs(recorded - recomputed),
): Comparison => ({
  figure,
  recorded,
  recomputed,
  difference,
  tolerance,
  // What is not a number is never within a tolerance.
  ok: difference <= tolerance,
})

const natsWithin = ({ config, sequence, found: { nats, tokens } }: Recomputed): Nats => ({
  unigram: unigramTolerance(tokens, nats.unigram),
  base: natsTolerance(config, sequence, tokens, nats.base),
  adapter: natsTolerance(config, sequence, tokens, nats.adapter),
})

const losses: Compare = it => {
  const { evidence, found } = it
  const within = natsWithin(it)
  const told = evidence.attributed.nats
  return [
    compare('tokens', evidence.written.attribution.tokens, found.tokens, 0),
    compare('nats of the base', told.base, found.nats.base, within.base),
    compare('nats of the adapter', told.adapter, found.nats.adapter, within.adapter),
  ]
}

const unigrams: Compare = it => [
  compare(
    'nats of the unigrams',
    it.evidence.attributed.nats.unigram,
    it.found.nats.unigram,
    natsWithin(it).unigram,
  ),
]

/** The row furthest beyond its worst case, and all rows together against what independent roundings come to. */
const influences: Compare = ({ evidence, found, norm, tolerance }) => {
  const bounds = tolerance.rows({ influence: found.influence, norm })
  let [furthest, most, squares, allowed] = [0, -1, 0, 0]
  for (const [i, { worst, likely }] of bounds.entries()) {
    const difference = Math.abs(evidence.influence[i]! - found.influence[i]!)
    const ratio = difference === 0 ? 0 : difference / worst
    // A figure that is not a number is furthest of all.
    if (!(ratio <= most)) [furthest, most] = [i, Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio]
    squares += difference ** 2
    allowed += likely ** 2
  }
  if (bounds.length === 0) return []
  const root = (total: number): number => Math.sqrt(total / bounds.length)
  const size = (values: Float64Array): number =>
    root(values.reduce((total, value) => total + value * value, 0))
  return [
    compare(
      `influence of row ${furthest}`,
      evidence.influence[furthest]!,
      found.influence[furthest]!,
      bounds[furthest]!.worst,
    ),
    compare(
      `influence of all ${bounds.length} rows, root mean square`,
      size(evidence.influence),
      size(found.influence),
      root(allowed),
      root(squares),
    ),
  ]
}

const spans: Compare = it => {
  const recorded = it.evidence.written.attribution.spans
  const { spans } = it.found
  const within = natsWithin(it)
  const list = [compare('passages', recorded.length, spans.length, 0)]
  for (const [at, span] of recorded.slice(0, spans.length).entries()) {
    const here = spans[at]!
    list.push(compare(`passage ${at}: its row`, span.row, here.row, 0))
    list.push(compare(`passage ${at}: its first character`, span.start, here.start, 0))
    list.push(compare(`passage ${at}: its end`, span.end, here.end, 0))
    // A sum over some of the tokens of what differs by no more than both losses do.
    list.push(compare(`passage ${at}: its lift`, span.lift, here.lift, within.base + within.adapter))
  }
  return list
}

/** Rows as pay sees them. */
export const payRows = (rows: readonly SnapshotRow[]) =>
  rows.map(row => ({
    account: row.accountId,
    cluster: row.cluster,
    canonical: row.canonical && row.question !== null,
  }))

/** Between paying and not paying there is a jump; both sides of it are right for losses that near to a limit. */
const limitsOf = (it: Recomputed): { nearest: number; allowed: number } => {
  const { base, adapter, unigram } = it.found.nats
  const within = natsWithin(it)
  const limits = [base - adapter - leastNatsPerToken * it.found.tokens, Math.min(base, unigram) - adapter]
  return {
    nearest: Math.min(...limits.map(Math.abs)),
    allowed: within.base + within.adapter + within.unigram,
  }
}

const gains: Compare = it => {
  const { nearest, allowed } = limitsOf(it)
  const within = nearest <= allowed ? 1 : gainTolerance(it.found.nats, natsWithin(it))
  return [compare('gain', it.evidence.attributed.gain, it.pay.gain, within)]
}

const shares: Compare = it => {
  const { evidence, release, found, pay, norm, tolerance } = it
  const { attributed } = evidence
  if (evidence.written.attribution.abstained !== pay.abstained) {
    const { nearest, allowed } = limitsOf(it)
    return [compare('nats from paying to abstaining, which one of the two did', 0, nearest, allowed)]
  }
  const gainWithin = gainTolerance(found.nats, natsWithin(it))
  const asked = { influence: found.influence, norm }
  const shareWithin = shareTolerance(
    {
      rows: payRows(release.rows),
      influence: found.influence,
      gain: pay.gain,
      gainWithin,
      dataUnits: Number((evidence.answer.priceUnits * BigInt(release.contributors)) / 100n),
    },
    asked,
    tolerance,
    tolerance.rows(asked),
  )
  const recorded = new Map(attributed.shares.map(({ account, share }) => [account, share]))
  const here = new Map(pay.shares.map(({ account, share }) => [account, share]))
  const list: Comparison[] = []
  let all = 0
  for (const account of new Set([...here.keys(), ...recorded.keys()])) {
    const allowed = shareWithin(account)
    all += allowed
    list.push(compare(`share of ${account}`, recorded.get(account) ?? 0, here.get(account) ?? 0, allowed))
  }
  list.push(compare('unattributed', attributed.unattributed, pay.unattributed, all))
  return list
}

/** What still stands where a row was withdrawn since; the rest cannot be had back without it. */
export const withoutRows: readonly Compare[] = [losses]
/** What does not rest on the adapters of an ensemble. */
export const withoutEnsemble: readonly Compare[] = [losses, unigrams, influences, spans, gains]
/** Every figure of an attribution, in the order in which they follow from each other. */
export const comparisons: readonly Compare[] = [...withoutEnsemble, shares]
