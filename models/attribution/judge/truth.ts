import type { Clustering } from '../clusters.ts'
import { z90 } from '../conformal.ts'
import { calibrate, type Effects, posterior, prepare } from '../posterior.ts'
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
  readonly level: readonly Float64Array[]
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
    level: await outcomes('other sizes', of(plan.level)),
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

/** Effects of clusters as the judged retrainings alone show them. */
export interface Measured {
  /** On each judge question, nats. */
  effects(question: number): Effects
  /** On a weighted sum of the judge questions' -nats. */
  together(weights: readonly number[]): Effects
}

/**
 * A posterior of cluster effects from the judged subsets of all sizes, without any method's guess: what the estimates that pay
 * is made from are held against.
 */
export const measuredEffects = async (
  plan: JudgePlan,
  truth: Truth,
  sizes: ArrayLike<number>,
): Promise<Measured> => {
  const prepared = prepare({ subsets: [...plan.half, ...plan.level, ...plan.most], sizes })
  const nats = [...truth.half, ...truth.level, ...truth.most]
  const outcomesOf = (q: number) => Float64Array.from(nats, values => -values[q]!)
  const observed = Array.from(truth.full, (_, q) => ({ outcomes: outcomesOf(q), features: [] }))
  const fitted = await posterior(prepared, await calibrate(prepared, observed))
  return {
    effects: q => fitted.effects(observed[q]!),
    together: weights =>
      fitted.around(
        Float64Array.from(nats, values => weights.reduce((sum, weight, q) => sum - weight * values[q]!, 0)),
        new Float64Array(sizes.length),
      ),
  }
}

/** Share of cluster effects whose 90% interval holds the measured one, whose own error is counted. */
export const effectCoverage = (
  effects: (question: number) => Effects,
  measured: Measured,
  questions: number,
): number => {
  let [inside, all] = [0, 0]
  for (let q = 0; q < questions; q++) {
    const [own, other] = [effects(q), measured.effects(q)]
    for (let c = 0; c < own.mean.length; c++) {
      const error = Math.hypot(own.deviation[c]!, other.deviation[c]!)
      if (Math.abs(own.mean[c]! - other.mean[c]!) <= z90 * error) inside++
      all++
    }
  }
  return inside / all
}

/** Clusters that a method holds most valuable for all judge questions together. */
export const topClusters = (influence: readonly Float64Array[], count: number): number[] => {
  const sums = influence.reduce(
    (all, effects) => all.map((value, c) => value + effects[c]!),
    new Float64Array(influence[0]!.length),
  )
  return [...sums.keys()].sort((a, b) => sums[b]! - sums[a]! || a - b).slice(0, count)
}
