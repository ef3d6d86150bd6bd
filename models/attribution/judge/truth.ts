import type { Clustering } from '../clusters.ts'
import { type Retrainer, type Retraining, rowWeights } from '../retrain.ts'
import type { Subset } from '../subsets.ts'
import type { JudgeData } from './data.ts'
import { bootstrapMean, datamodellingScores, type Interval, spearman } from './metrics.ts'
import type { JudgePlan, PlanSizes } from './plan.ts'

/** What retraining gave: nats of every judge question, [retrainings][questions]. */
export interface Truth {
  readonly full: Float64Array
  readonly half: readonly Float64Array[]
  readonly most: readonly Float64Array[]
  /** The first of the halves from another seed. */
  readonly otherSeed: readonly Float64Array[]
  readonly leftOut: readonly Float64Array[]
}

/** The seed of the release, and another one. */
export const seeds = { same: 1, other: 2 } as const

/** Retrains all that methods are judged by. */
export const retrainTruth = async (parts: {
  retrainer: Retrainer
  clustering: Clustering
  plan: JudgePlan
  sizes: PlanSizes
  data: JudgeData
  onProgress(what: string, done: number, total: number): void
}): Promise<Truth> => {
  const { retrainer, clustering, plan, sizes, data } = parts
  const outcomes = async (what: string, retrainings: readonly Retraining[]) => {
    const adapters = await retrainer.adapters(retrainings, {
      onProgress: (done, total) => parts.onProgress(what, done, total),
    })
    const folders = adapters.map(({ folder }) => folder)
    // All questions in one pass over an adapter; those that calibrate are not looked at here.
    const nats = await retrainer.outcomes(folders, [...data.calibration, ...data.judge])
    return nats.map(values => values.slice(data.calibration.length))
  }
  const of = (subsets: readonly Subset[], seed: number = seeds.same) =>
    subsets.map(subset => ({ weights: rowWeights(subset, clustering.of), seed }))
  const all = new Uint8Array(clustering.count).fill(1)
  return {
    full: (await outcomes('all rows', of([all])))[0]!,
    half: await outcomes('half of the clusters', of(plan.half)),
    otherSeed: await outcomes('another seed', of(plan.half.slice(0, sizes.otherSeed), seeds.other)),
    most: await outcomes('nine tenths of the clusters', of(plan.most)),
    leftOut: await outcomes('one cluster left out', of(plan.leftOut.map(({ subset }) => subset))),
  }
}

/** How well one method's influence predicts what retraining gave. */
export interface Scores {
  readonly half: Interval
  readonly most: Interval
  readonly otherSeed: Interval
  /** Rank correlation over clusters with what leaving each out did; null where none was left out. */
  readonly leftOut: Interval | null
  /** One score a question for the halves, to compare methods pair by pair. */
  readonly perQuestion: Float64Array
}

/** @param influence [questions][clusters] */
export const scoresOf = (influence: readonly Float64Array[], plan: JudgePlan, truth: Truth): Scores => {
  const perQuestion = datamodellingScores(influence, plan.half, truth.half)
  const repeated = plan.half.slice(0, truth.otherSeed.length)
  return {
    half: bootstrapMean(perQuestion),
    most: bootstrapMean(datamodellingScores(influence, plan.most, truth.most)),
    otherSeed: bootstrapMean(datamodellingScores(influence, repeated, truth.otherSeed)),
    leftOut:
      plan.leftOut.length < 3
        ? null
        : bootstrapMean(
            influence.map((effects, q) =>
              spearman(
                plan.leftOut.map(({ cluster }) => effects[cluster]!),
                truth.leftOut.map(nats => nats[q]! - truth.full[q]!),
              ),
            ),
          ),
    perQuestion,
  }
}

/** How well one seed's retrainings predict another's: no method can be expected to do better on the other seed. */
export const ceilingOf = (truth: Truth): Interval =>
  bootstrapMean(
    Array.from(truth.full, (_, q) =>
      spearman(
        truth.half.slice(0, truth.otherSeed.length).map(nats => nats[q]!),
        truth.otherSeed.map(nats => nats[q]!),
      ),
    ),
  )

/** Share of judged subsets whose outcome lies in the 90% interval that was predicted for it. */
export const coverageOf = (
  predict: (question: number, subset: Subset) => { mean: number; low: number; high: number },
  plan: JudgePlan,
  truth: Truth,
): number => {
  let inside = 0
  let all = 0
  for (const [m, subset] of plan.half.entries())
    for (let q = 0; q < truth.full.length; q++) {
      const { low, high } = predict(q, subset)
      const value = -truth.half[m]![q]!
      if (value >= low && value <= high) inside++
      all++
    }
  return inside / all
}

/**
 * Effect of keeping each cluster on a weighted sum of the questions' -nats, from the judged halves alone: the difference of the
 * means with and without, and its standard error.
 */
export const measuredEffects = (
  plan: JudgePlan,
  truth: Truth,
  weights: readonly number[],
): { mean: Float64Array; error: Float64Array } => {
  const totals = truth.half.map(nats => weights.reduce((sum, weight, q) => sum - weight * nats[q]!, 0))
  const count = plan.half[0]!.length
  const mean = new Float64Array(count)
  const error = new Float64Array(count)
  for (let c = 0; c < count; c++) {
    const part = (kept: number) => totals.filter((_, m) => plan.half[m]![c] === kept)
    const [kept, left] = [part(1), part(0)]
    const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = (values: number[]) =>
      values.reduce((sum, value) => sum + (value - average(values)) ** 2, 0) / (values.length - 1)
    mean[c] = average(kept) - average(left)
    error[c] = Math.sqrt(variance(kept) / kept.length + variance(left) / left.length)
  }
  return { mean, error }
}

/** Clusters that a method holds most valuable for all judge questions together. */
export const topClusters = (influence: readonly Float64Array[], count: number): number[] => {
  const sums = influence.reduce(
    (all, effects) => all.map((value, c) => value + effects[c]!),
    new Float64Array(influence[0]!.length),
  )
  return [...sums.keys()].sort((a, b) => sums[b]! - sums[a]! || a - b).slice(0, count)
}
