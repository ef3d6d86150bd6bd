import type { Ensemble } from '../../models/attribution/ensemble.ts'
import { leastNatsPerToken } from '../../models/attribution/gain.ts'
import type { AnswerAttribution } from '../../models/attribution/index.ts'
import type { AnswerPay } from '../../models/attribution/pay.ts'
import { natsTolerance, type Tolerance, unigramTolerance } from '../../models/attribution/tolerance.ts'
import { gainTolerance, type Nats } from '../../models/attribution/tolerance-shares.ts'
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
  readonly tolerance: Tolerance
  /** What the shares follow from: nats under the subset adapters as computed here, or null where pay is provisional. */
  readonly outcomes: Float64Array | null
  readonly ensemble: Ensemble | null
}

export type Compare = (it: Recomputed) => Comparison[]

export const compare = (
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

export const natsWithin = ({ config, sequence, found: { nats, tokens } }: Recomputed): Nats => ({
  unigram: unigramTolerance(tokens, nats.unigram),
  base: natsTolerance(config, sequence, tokens, nats.base),
  adapter: natsTolerance(config, sequence, tokens, nats.adapter),
})

const losses: Compare = it => {
  const { evidence, found } = it
  const within = natsWithin(it)
  const told = evidence.attributed.nats
  return [
    compare('tokens', evidence.attributed.tokens, found.tokens, 0),
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

/** Differences allowed in the nats under each subset adapter: each is a loss of the answer as those of base and adapter are. */
export const outcomesWithin = (
  { config, sequence, found }: Recomputed,
  outcomes: Float64Array,
): Float64Array => outcomes.map(nats => natsTolerance(config, sequence, found.tokens, nats))

const provisional: Compare = ({ evidence: { attributed, calibrated } }) => [
  compare('provisional, 1 if it is', Number(attributed.provisional), Number(!calibrated), 0),
]

/** Every subset adapter under which the answer is not as recorded; where there is none, the one that comes nearest to that. */
const outcomes: Compare = it => {
  if (it.outcomes === null) return []
  const recorded = it.evidence.outcomes
  const within = outcomesWithin(it, it.outcomes)
  const all = Array.from(it.outcomes, (nats, m) =>
    compare(`nats under subset adapter ${m}`, recorded?.[m] ?? Number.NaN, nats, within[m]!),
  )
  const wrong = all.filter(({ ok }) => !ok)
  if (wrong.length > 0) return wrong
  const part = ({ difference, tolerance }: Comparison) => difference / tolerance
  const furthest = all.reduce((most, one) => (part(one) > part(most) ? one : most))
  return [{ ...furthest, figure: `${furthest.figure}, furthest of ${all.length}` }]
}

/**
 * The row furthest beyond what independent roundings come to, and the sum of all rows, whose roundings cancel: influence moved one
 * way everywhere, but in each row by no more than that row's tolerance, shows there.
 */
const influences: Compare = ({ evidence, found, tolerance }) => {
  const asked = { influence: found.influence }
  const bounds = tolerance.rows(asked)
  if (bounds.length === 0) return []
  let [furthest, most] = [0, -1]
  for (const [i, { likely }] of bounds.entries()) {
    const difference = Math.abs(evidence.influence[i]! - found.influence[i]!)
    const ratio = difference === 0 ? 0 : difference / likely
    // A figure that is not a number is furthest of all.
    if (!(ratio <= most)) [furthest, most] = [i, Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio]
  }
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
  return [
    compare(
      `influence of row ${furthest}`,
      evidence.influence[furthest]!,
      found.influence[furthest]!,
      bounds[furthest]!.likely,
    ),
    compare(
      `influence of all ${bounds.length} rows, sum`,
      sum(evidence.influence),
      sum(found.influence),
      tolerance.figure(asked, new Float64Array(bounds.length).fill(1)).likely,
    ),
  ]
}

const spans: Compare = it => {
  const recorded = it.evidence.attributed.spans
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
    canonical: row.canonical,
    withdrawn: row.question === null,
  }))

/** Between paying and not paying there is a jump; both sides of it are right for losses that near to a limit. */
export const limitsOf = (it: Recomputed): { nearest: number; allowed: number } => {
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

/** What still stands where a row was withdrawn since; the rest cannot be had back without it. */
export const withoutRows: readonly Compare[] = [losses, provisional, outcomes]
/** Every figure of an attribution but the shares, in the order in which they follow from each other. */
export const comparisons: readonly Compare[] = [
  losses,
  unigrams,
  provisional,
  outcomes,
  influences,
  spans,
  gains,
]
