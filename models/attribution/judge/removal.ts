import type { Clustering } from '../clusters.ts'
import type { Retrainer } from '../retrain.ts'
import type { JudgeData } from './data.ts'
import type { JudgePlan } from './plan.ts'
import { scoresOf, seeds, type Truth, topClusters } from './truth.ts'

/** A method's influence on the judge questions. */
export interface Made {
  readonly name: string
  readonly source: string
  /** Whether it is a part of what pays here: it is no rival then. */
  readonly ours: boolean
  readonly seconds: number | null
  /** [questions][clusters] */
  readonly influence: readonly Float64Array[]
}

/** Methods whose top clusters are removed: those of the highest scores. */
const removedFor = 6

/** Removes the top tenth of the clusters by the best methods, and as many at random, and retrains; nats a token lost. */
export const removeTop = async (
  methods: readonly Made[],
  parts: {
    retrainer: Retrainer
    clustering: Clustering
    data: JudgeData
    plan: JudgePlan
    truth: Truth
    say(line: string): void
  },
): Promise<{ losses: ReadonlyMap<string, number>; random: number }> => {
  const { retrainer, clustering, data, truth } = parts
  const { count } = clustering
  const top = Math.max(1, Math.round(count / 10))
  const stride = Math.floor(count / 3)
  const draws = [0, 1, 2].map(draw =>
    Array.from({ length: top }, (_, i) => (draw * stride + 7 * i + 1) % count),
  )
  const best = methods
    .map(({ name, influence }) => ({ name, influence, ...scoresOf(influence, parts.plan, truth) }))
    .toSorted((a, b) => b.half.value - a.half.value)
    .slice(0, removedFor)
  const removed = [...best.map(({ influence }) => topClusters(influence, top)), ...draws]
  const adapters = await retrainer.adapters(
    removed.map(clusters => ({
      weights: Float64Array.from(clustering.of, cluster => (clusters.includes(cluster) ? 0 : 1)),
      seed: seeds.same,
    })),
    { onProgress: (done, total) => parts.say(`top clusters removed: ${done} of ${total}`) },
  )
  const nats = await retrainer.outcomes(
    adapters.map(({ folder }) => folder),
    data.judge,
  )
  const tokens = await parts.retrainer.tokens(data.judge)
  const lost = nats.map(own => (sum(own) - sum(truth.full)) / tokens)
  const random = lost.slice(best.length)
  return {
    losses: new Map(best.map(({ name }, i) => [name, lost[i]!])),
    random: sum(Float64Array.from(random)) / random.length,
  }
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)
