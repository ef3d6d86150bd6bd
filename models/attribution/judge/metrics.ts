import { uniform } from '../../sampling.ts'
import type { Subset } from '../subsets.ts'

/** Ranks from 1, equal values sharing the mean of theirs. */
export const ranks = (values: ArrayLike<number>): Float64Array => {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const out = new Float64Array(values.length)
  for (let i = 0; i < order.length; ) {
    let j = i
    while (j < order.length && values[order[j]!] === values[order[i]!]) j++
    for (let k = i; k < j; k++) out[order[k]!] = (i + j + 1) / 2
    i = j
  }
  return out
}

/** Spearman's rank correlation; 0 where one side is constant, since it predicts nothing. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number => pearson(ranks(a), ranks(b))

const pearson = (a: Float64Array, b: Float64Array): number => {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [a[i]! - ma, b[i]! - mb]
    ab += da * db
    aa += da * da
    bb += db * db
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0
}

/** What additive influence predicts of a subset's -nats, up to a constant of the question. */
export const predicted = (influence: Float64Array, subset: Subset): number =>
  influence.reduce((sum, value, cluster) => (subset[cluster] ? sum + value : sum), 0)

/**
 * Linear datamodelling score by clusters (Park et al. 2023, after Ilyas et al. 2022): for each question, the rank correlation over
 * subsets between what influence predicts and what retraining gave.
 * @param influence [questions][clusters] @param nats [subsets][questions]
 * @returns one correlation a question
 */
export const datamodellingScores = (
  influence: readonly Float64Array[],
  subsets: readonly Subset[],
  nats: readonly Float64Array[],
): Float64Array =>
  Float64Array.from(influence, (effects, q) =>
    spearman(
      subsets.map(subset => predicted(effects, subset)),
      nats.map(outcome => -outcome[q]!),
    ),
  )

export interface Interval {
  readonly value: number
  /** 2.5% and 97.5% points of the bootstrap distribution. */
  readonly low: number
  readonly high: number
}

/** Mean with a 95% percentile bootstrap interval (Efron 1979) over the values; 2,000 resamples from a fixed seed. */
export const bootstrapMean = (values: ArrayLike<number>, resamples = 2000): Interval => {
  const random = uniform(7)
  const n = values.length
  const mean = (pick: (i: number) => number) => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += values[pick(i)]!
    return sum / n
  }
  const means = Float64Array.from({ length: resamples }, () => mean(() => Math.floor(random() * n))).sort()
  return {
    value: mean(i => i),
    low: means[Math.floor(0.025 * resamples)]!,
    high: means[Math.ceil(0.975 * resamples) - 1]!,
  }
}
