import { fault } from '../../infra/errors.ts'
import { type Clustering, sumsByCluster } from './clusters.ts'
import { conformalFactor } from './conformal.ts'
import {
  type Calibration,
  calibrate,
  type Design,
  type Effects,
  type Observed,
  posterior,
  prepare,
} from './posterior.ts'
import type { Subset } from './subsets.ts'

/** Everything of a release's ensemble but the adapters themselves; JSON. */
export interface EnsembleRecord {
  readonly format: 1
  /** Content cluster of each row. */
  readonly clusters: readonly number[]
  /** Training weight of each cluster's rows together: near-duplicates share one unit, so copies do not widen its prior. */
  readonly sizes: readonly number[]
  /** Which clusters each subset adapter kept: a text of 0 and 1. */
  readonly subsets: readonly string[]
  /** sha256 of each subset adapter. */
  readonly adapters: readonly string[]
  readonly calibration: Calibration
  /** Factor of all deviations, so that 90% intervals hold. */
  readonly widening: number
}

/** One answer as the ensemble saw it. */
export interface Seen {
  /** -log p of the answer under each subset adapter, nats. */
  readonly nats: Float64Array
  /** Influence of every row by gradients: the guess that the subsets correct. */
  readonly influence: ArrayLike<number>
}

/** What a period's answers are worth to a cluster, in the unit of the weights. */
export interface PeriodEffects {
  /** Sum over answers of weight x effect; length clusters. */
  readonly sums: Float64Array
  /** Standard error of each sum, widened. */
  readonly errors: Float64Array
}

export interface Ensemble {
  /** Subset adapters, and so outcomes an answer. */
  readonly members: number
  readonly clustering: Clustering
  /** Effect of each cluster on one answer, nats; deviations widened. */
  effects(seen: Seen): Effects
  /** -nats that an adapter of such a subset would give the answer, and its widened standard deviation. */
  predict(seen: Seen, subset: Subset): { mean: number; deviation: number }
  /**
   * Effects on many answers together. All answers share the subset adapters, so their errors do not average out: the posterior is
   * fitted to the weighted sum of the outcomes; an error is its deviation or the jackknife's over subsets, whichever is larger.
   * @param weights one an answer, such as units a nat
   */
  period(seen: readonly Seen[], weights: readonly number[]): Promise<PeriodEffects>
}

/** Opens an ensemble. Error `ensemble-invalid`: the record does not fit together. */
export const openEnsemble = async (record: EnsembleRecord): Promise<Ensemble> => {
  const clustering: Clustering = {
    count: record.clusters.reduce((most, cluster) => Math.max(most, cluster + 1), 0),
    of: Uint32Array.from(record.clusters),
  }
  const subsets = record.subsets.map(text => Uint8Array.from(text, kept => Number(kept)))
  if (
    subsets.length !== record.adapters.length ||
    record.sizes.length !== clustering.count ||
    subsets.some(
      subset => subset.length !== clustering.count || subset.some(kept => kept !== 0 && kept !== 1),
    )
  )
    throw fault('ensemble-invalid', 'The subset adapters do not fit their subsets.', {
      fix: 'Build the ensemble of this release again.',
      blame: 'ours',
    })
  const design: Design = { subsets, sizes: record.sizes }
  const fitted = await posterior(prepare(design), record.calibration)
  const observed = (seen: Seen): Observed => ({
    outcomes: seen.nats.map(value => -value),
    features: [sumsByCluster(seen.influence, clustering)],
  })
  return {
    members: subsets.length,
    clustering,
    effects(seen) {
      const { mean, deviation } = fitted.effects(observed(seen))
      return { mean, deviation: deviation.map(value => value * record.widening) }
    },
    predict(seen, subset) {
      const { mean, variance } = fitted.predict(observed(seen), subset)
      const level = seen.nats.reduce((sum, value) => sum - value, 0) / seen.nats.length
      return { mean: level + mean, deviation: record.widening * Math.sqrt(variance) }
    },
    async period(seen, weights) {
      const outcomesOf = (members: readonly number[]): Float64Array =>
        Float64Array.from(members, m => seen.reduce((sum, { nats }, q) => sum - weights[q]! * nats[m]!, 0))
      const guess = new Float64Array(clustering.count)
      for (const [q, one] of seen.entries()) {
        const own = fitted.guess(observed(one))
        for (let c = 0; c < guess.length; c++) guess[c] = guess[c]! + weights[q]! * own[c]!
      }
      // The posterior is linear: its mean of the weighted sum is the weighted sum of the answers' means.
      const { mean, deviation } = fitted.around(outcomesOf([...subsets.keys()]), guess)
      const jackknife = await jackknifeVariance(design, record.calibration, outcomesOf, guess)
      return {
        sums: mean,
        // Both measure one error, what the choice of subsets leaves open: the larger counts, not their sum.
        errors: deviation.map((value, c) => Math.max(value * record.widening, Math.sqrt(jackknife[c]!))),
      }
    },
  }
}

/** Leaves one pair of subsets out at a time (Tukey 1958); variance of each cluster's effect. */
const jackknifeVariance = async (
  design: Design,
  calibration: Calibration,
  outcomesOf: (members: readonly number[]) => Float64Array,
  guess: Float64Array,
): Promise<Float64Array> => {
  const members = [...design.subsets.keys()]
  const groups = Math.floor(members.length / 2)
  const means: Float64Array[] = []
  for (let group = 0; group < groups; group++) {
    const inside = members.filter(m => m >>> 1 !== group)
    const part = await posterior(
      prepare({ ...design, subsets: inside.map(m => design.subsets[m]!) }),
      calibration,
    )
    means.push(part.around(outcomesOf(inside), guess).mean)
  }
  return guess.map((_, c) => {
    const mean = means.reduce((sum, values) => sum + values[c]!, 0) / groups
    const squares = means.reduce((sum, values) => sum + (values[c]! - mean) ** 2, 0)
    return ((groups - 1) / groups) * squares
  })
}

/**
 * Fits an ensemble to what its subset adapters said of questions whose answers are known: the posterior's calibration, and the
 * factor by which its intervals are widened.
 * @param observed one a question, outcomes in the order of the subsets
 */
export const fitEnsemble = async (parts: {
  clustering: Clustering
  sizes: ArrayLike<number>
  subsets: readonly Subset[]
  adapters: readonly string[]
  observed: readonly Observed[]
}): Promise<EnsembleRecord> => {
  const { clustering, sizes, subsets, adapters, observed } = parts
  const calibration = await calibrate(prepare({ subsets, sizes }), observed)
  return {
    format: 1,
    clusters: [...clustering.of],
    sizes: Array.from(sizes),
    subsets: subsets.map(subset => subset.join('')),
    adapters,
    calibration,
    widening: await conformalFactor({ subsets, sizes }, calibration, observed),
  }
}
