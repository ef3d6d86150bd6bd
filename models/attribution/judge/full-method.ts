import type { Example } from '../../engine.ts'
import { type Clustering, sizesOf, sumsByCluster } from '../clusters.ts'
import { type Ensemble, fitEnsemble, openEnsemble, type Seen } from '../ensemble.ts'
import { type Retrainer, rowWeights } from '../retrain.ts'
import type { Subset } from '../subsets.ts'

/** The method that pays: subset adapters with gradient influence as their prior. */
export interface FullMethod {
  readonly ensemble: Ensemble
  /** What the ensemble saw of each judge question. */
  readonly seen: readonly Seen[]
  /** [questions][clusters] nats. */
  readonly effects: readonly Float64Array[]
  readonly calibration: { rho: number; kappa: readonly number[]; noise: number; widening: number }
}

/**
 * Makes the ensemble from its own subsets and the calibration questions, and applies it to the judge questions.
 * @param influence rows' gradient influence on calibration and judge questions; an empty list leaves the prior out
 */
export const fullMethod = async (parts: {
  retrainer: Retrainer
  clustering: Clustering
  subsets: readonly Subset[]
  seed: number
  calibration: readonly Example[]
  judge: readonly Example[]
  influence: { calibration: readonly Float64Array[]; judge: readonly Float64Array[] }
  prior: boolean
  onProgress?(done: number, total: number): void
}): Promise<FullMethod> => {
  const { retrainer, clustering, subsets, influence } = parts
  const adapters = await retrainer.adapters(
    subsets.map(subset => ({ weights: rowWeights(subset, clustering.of), seed: parts.seed })),
    parts.onProgress === undefined ? {} : { onProgress: parts.onProgress },
  )
  const folders = adapters.map(({ folder }) => folder)
  const nats = await retrainer.outcomes(folders, [...parts.calibration, ...parts.judge])
  const known = nats.map(values => values.slice(0, parts.calibration.length))
  const asked = nats.map(values => values.slice(parts.calibration.length))
  const flat = new Float64Array(clustering.of.length)
  const guess = (rows: Float64Array) => (parts.prior ? rows : flat)
  const observed = parts.calibration.map((_, q) => ({
    outcomes: Float64Array.from(known, values => -values[q]!),
    features: [sumsByCluster(guess(influence.calibration[q]!), clustering)],
  }))
  const record = await fitEnsemble({
    clustering,
    sizes: sizesOf(clustering),
    subsets,
    adapters: adapters.map(({ hash }) => hash),
    observed,
  })
  const ensemble = await openEnsemble(record)
  const seen = parts.judge.map((_, q) => ({
    nats: Float64Array.from(asked, values => values[q]!),
    influence: guess(influence.judge[q]!),
  }))
  return {
    ensemble,
    seen,
    effects: seen.map(one => ensemble.effects(one).mean),
    calibration: { ...record.calibration, widening: record.widening },
  }
}
