import { fault } from '../../../infra/errors.ts'
import type { Clustering } from '../clusters.ts'
import { designedSubsets, halvedSubsets, randomSubsets, type Subset, subsetKey } from '../subsets.ts'

/** How much is retrained. */
export interface PlanSizes {
  /** Subset adapters of the method that is judged; its calibration and its intervals come from them too. */
  readonly ensemble: number
  /** Subsets of half of the clusters, and of nine tenths, that methods are judged on. */
  readonly half: number
  readonly most: number
  /** How many of the halves are trained again from another seed. */
  readonly otherSeed: number
  /** Subsets of three and of seven tenths: only among subsets of different sizes does a level that all effects share show. */
  readonly level: number
  /** Clusters that are left out one at a time. */
  readonly leftOut: number
  /** Whether the top clusters of the best methods are removed. */
  readonly topRemoval: boolean
}

export const fullSizes: PlanSizes = {
  ensemble: 64,
  half: 64,
  most: 16,
  otherSeed: 24,
  level: 8,
  leftOut: 12,
  topRemoval: true,
}

/** Meant for ten minutes on two cores: fewer retrainings, each of two epochs. */
export const quickSizes: PlanSizes = {
  ensemble: 32,
  half: 12,
  most: 4,
  otherSeed: 4,
  level: 4,
  leftOut: 0,
  topRemoval: false,
}

export interface JudgePlan {
  readonly ensemble: readonly Subset[]
  readonly half: readonly Subset[]
  readonly most: readonly Subset[]
  readonly level: readonly Subset[]
  /** Every subset but one cluster. */
  readonly leftOut: readonly { cluster: number; subset: Subset }[]
}

/** Draws the subsets; what methods are made from and what they are judged on have none in common. */
export const makePlan = ({ count }: Clustering, sizes: PlanSizes): JudgePlan => {
  const ensemble = designedSubsets(count, sizes.ensemble, 101) ?? halvedSubsets(count, sizes.ensemble, 101)
  const plan: JudgePlan = {
    ensemble,
    half: randomSubsets(count, sizes.half, { keep: 0.5, seed: 202, taken: ensemble }),
    most: randomSubsets(count, sizes.most, { keep: 0.9, seed: 303, taken: ensemble }),
    level: [0.3, 0.7].flatMap(keep =>
      randomSubsets(count, sizes.level >>> 1, { keep, seed: 404, taken: ensemble }),
    ),
    leftOut: Array.from({ length: Math.min(sizes.leftOut, count) }, (_, i) => {
      const cluster = Math.floor((i * count) / sizes.leftOut)
      return { cluster, subset: Uint8Array.from({ length: count }, (_, c) => (c === cluster ? 0 : 1)) }
    }),
  }
  for (const judged of [plan.half, plan.most, plan.level, plan.leftOut.map(({ subset }) => subset)])
    assertDisjoint(plan.ensemble, judged, subsetKey, 'subset')
  return plan
}

/** Error `judge-leak`: something that methods were made from would judge them too. */
export const assertDisjoint = <T>(
  made: readonly T[],
  judged: readonly T[],
  key: (item: T) => string,
  what: string,
): void => {
  const known = new Set(made.map(key))
  const shared = judged.filter(item => known.has(key(item))).length
  if (shared > 0)
    throw fault('judge-leak', `${shared} ${what}s that methods were made from would judge them.`, {
      fix: `Draw each ${what} for one purpose only.`,
      blame: 'ours',
    })
}
