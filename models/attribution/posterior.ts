import { cholesky, solve } from './kernel.ts'
import type { Subset } from './subsets.ts'

/** The subset adapters of a release: which clusters each kept, and how many rows a cluster has. */
export interface Design {
  readonly subsets: readonly Subset[]
  /** Rows of each cluster; length clusters. */
  readonly sizes: ArrayLike<number>
}

/** What is known of one question before the fit. */
export interface Observed {
  /** -nats of the answer under each subset adapter; length members. */
  readonly outcomes: Float64Array
  /** Guesses of each cluster's influence, in any unit: influence by gradients, nats of copied passages. [features][clusters] */
  readonly features: readonly Float64Array[]
}

/** Chosen once for a release, over many questions; never per question. */
export interface Calibration {
  /** Prior variance of a cluster's effect beside the features, in units of the noise. */
  readonly rho: number
  /** Weight of each feature, not negative. */
  readonly kappa: readonly number[]
  /** Noise variance of standardised outcomes: what no sum of cluster effects explains. */
  readonly noise: number
  /** Log marginal likelihood a question, for choosing between features. */
  readonly likelihood: number
}

/** Effects of keeping each cluster on -nats of an answer; positive: leaving it out raises the loss. */
export interface Effects {
  /** Nats; length clusters. */
  readonly mean: Float64Array
  /** Standard deviation of each, nats, before conformal widening. */
  readonly deviation: Float64Array
}

/** Grid of rho: 1e-3 to 1e3, six a decade. */
const rhos = Array.from({ length: 37 }, (_, i) => 10 ** (-3 + i / 6))

/** A design with everything of it that no question changes. */
export interface Prepared {
  readonly members: number
  readonly clusters: number
  /** Kept or not, less the column's mean; [members, clusters]. */
  readonly centred: Float64Array
  /** Share of the rows, normalised to mean 1; length clusters. */
  readonly widths: Float64Array
  /** Share of the subsets that keep each cluster. */
  readonly shares: Float64Array
  /** X W X^T; [members, members]. */
  readonly gram: Float64Array
}

export const prepare = ({ subsets, sizes }: Design): Prepared => {
  const [members, clusters] = [subsets.length, sizes.length]
  const total = Array.from(sizes).reduce((sum, size) => sum + size, 0)
  const widths = Float64Array.from(sizes, size => (size * clusters) / total)
  const shares = Float64Array.from(
    widths,
    (_, c) => subsets.reduce((sum, subset) => sum + subset[c]!, 0) / members,
  )
  const centred = new Float64Array(members * clusters)
  for (let m = 0; m < members; m++)
    for (let c = 0; c < clusters; c++) centred[m * clusters + c] = subsets[m]![c]! - shares[c]!
  const gram = new Float64Array(members * members)
  for (let a = 0; a < members; a++)
    for (let b = 0; b <= a; b++) {
      let sum = 0
      for (let c = 0; c < clusters; c++)
        sum += centred[a * clusters + c]! * centred[b * clusters + c]! * widths[c]!
      gram[a * members + b] = sum
      gram[b * members + a] = sum
    }
  return { members, clusters, centred, widths, shares, gram }
}

/** rho X W X^T + I, factored. */
const factored = ({ gram, members }: Prepared, rho: number): Promise<Float64Array> => {
  const matrix = gram.map(value => rho * value)
  for (let m = 0; m < members; m++) matrix[m * members + m] = matrix[m * members + m]! + 1
  return cholesky(matrix, members)
}

const predict = ({ centred, members, clusters }: Prepared, effects: Float64Array): Float64Array =>
  Float64Array.from({ length: members }, (_, m) => dotAt(centred, m * clusters, effects))

const dotAt = (a: Float64Array, from: number, b: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < b.length; i++) sum += a[from + i]! * b[i]!
  return sum
}

/** Centres outcomes and divides them by their root mean square; a feature is scaled so that what it predicts has unit root mean square. */
const standardise = (prepared: Prepared, { outcomes, features }: Observed) => {
  const { y, scale } = centre(outcomes)
  const effects = features.map(feature => {
    const spread = rms(predict(prepared, feature))
    return feature.map(value => (spread > 0 ? value / spread : 0))
  })
  return { scale, y: y.map(value => (scale > 0 ? value / scale : 0)), effects }
}

const centre = (outcomes: Float64Array): { y: Float64Array; scale: number } => {
  const mean = outcomes.reduce((sum, value) => sum + value, 0) / outcomes.length
  const y = outcomes.map(value => value - mean)
  return { y, scale: rms(y) }
}

const rms = (values: Float64Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length))

/**
 * Empirical Bayes over all questions at once (after Efron and Morris 1973): outcomes of a question are normal around what the
 * features predict, with independent cluster effects of variance rho x size besides. rho by marginal likelihood over a grid, the
 * features' weights by non-negative least squares under it.
 * @param observed at least one question
 */
export const calibrate = async (prepared: Prepared, observed: readonly Observed[]): Promise<Calibration> => {
  const { members } = prepared
  const questions = observed.map(question => {
    const { y, effects } = standardise(prepared, question)
    return { y, predictions: effects.map(effect => predict(prepared, effect)) }
  })
  const features = observed[0]!.features.length
  // One dimension is gone with the mean.
  const freedom = questions.length * (members - 1)
  let best: Calibration | null = null
  for (const rho of rhos) {
    const factor = await factored(prepared, rho)
    const normal = Array.from({ length: features }, () => new Float64Array(features))
    const right = new Float64Array(features)
    let squares = 0
    for (const { y, predictions } of questions) {
      const solved = solve(factor, members, y)
      squares += dotAt(y, 0, solved)
      const whitened = predictions.map(prediction => solve(factor, members, prediction))
      for (let i = 0; i < features; i++) {
        right[i] = right[i]! + dotAt(predictions[i]!, 0, solved)
        for (let j = 0; j < features; j++)
          normal[i]![j] = normal[i]![j]! + dotAt(predictions[i]!, 0, whitened[j]!)
      }
    }
    const kappa = nonNegative(normal, right)
    const explained = kappa.reduce(
      (sum, k, i) => sum + k * (2 * right[i]! - kappa.reduce((s, l, j) => s + l * normal[i]![j]!, 0)),
      0,
    )
    const noise = Math.max(1e-9, (squares - explained) / freedom)
    let logDeterminant = 0
    for (let m = 0; m < members; m++) logDeterminant += 2 * Math.log(factor[m * members + m]!)
    const likelihood = -((members - 1) * Math.log(noise) + logDeterminant) / 2
    if (best === null || likelihood > best.likelihood) best = { rho, kappa, noise, likelihood }
  }
  return best!
}

/** Least squares with weights that are not negative, by coordinate descent; a handful of features. */
const nonNegative = (normal: readonly Float64Array[], right: Float64Array): number[] => {
  const kappa = Array.from(right, () => 0)
  for (let sweep = 0; sweep < 200; sweep++)
    for (let i = 0; i < kappa.length; i++) {
      const others = kappa.reduce((sum, k, j) => (j === i ? sum : sum + k * normal[i]![j]!), 0)
      const own = normal[i]![i]!
      kappa[i] = own > 0 ? Math.max(0, (right[i]! - others) / own) : 0
    }
  return kappa
}

export interface Posterior {
  effects(question: Observed): Effects
  /** What the features say before any outcome, nats; length clusters. */
  guess(question: Observed): Float64Array
  /** Effects where the guess is given in nats, as for a weighted sum of questions. */
  around(outcomes: Float64Array, guess: Float64Array): Effects
  /** What a subset's adapter would answer with: mean and variance of -nats less the mean over the design's subsets. */
  predict(question: Observed, subset: Subset): { mean: number; variance: number }
}

/** The posterior of cluster effects under one calibration: linear in outcomes and guess. */
export const posterior = async (
  prepared: Prepared,
  { rho, kappa, noise }: Calibration,
): Promise<Posterior> => {
  const { members, clusters, centred, widths, shares } = prepared
  const factor = await factored(prepared, rho)
  const columns = Array.from({ length: clusters }, (_, c) =>
    Float64Array.from({ length: members }, (_, m) => centred[m * clusters + c]!),
  )
  /** Variance of a^T beta in units of the noise. */
  const spread = (a: Float64Array): number => {
    const prior = a.reduce((sum, value, c) => sum + value * value * widths[c]!, 0)
    const seen = predict(
      prepared,
      a.map((value, c) => value * widths[c]!),
    )
    return Math.max(0, rho * prior - rho * rho * dotAt(seen, 0, solve(factor, members, seen)))
  }
  const unit = Float64Array.from({ length: clusters }, (_, c) =>
    spread(Float64Array.from({ length: clusters }, (_, d) => (d === c ? 1 : 0))),
  )
  const around = (outcomes: Float64Array, guess: Float64Array): Effects => {
    const { y, scale } = centre(outcomes)
    const expected = predict(prepared, guess)
    const weights = solve(
      factor,
      members,
      y.map((value, m) => value - expected[m]!),
    )
    return {
      mean: guess.map((value, c) => value + rho * widths[c]! * dotAt(columns[c]!, 0, weights)),
      deviation: unit.map(variance => scale * Math.sqrt(noise * variance)),
    }
  }
  const guessOf = (question: Observed): Float64Array => {
    const { scale, effects } = standardise(prepared, question)
    const guess = new Float64Array(clusters)
    for (const [i, effect] of effects.entries())
      for (let c = 0; c < clusters; c++) guess[c] = guess[c]! + scale * kappa[i]! * effect[c]!
    return guess
  }
  const effects = (question: Observed): Effects => around(question.outcomes, guessOf(question))
  return {
    effects,
    guess: guessOf,
    around,
    predict(question, subset) {
      const { mean } = effects(question)
      const away = Float64Array.from(subset, (kept, c) => kept - shares[c]!)
      const { scale } = centre(question.outcomes)
      return {
        mean: dotAt(mean, 0, away),
        variance: scale * scale * noise * (1 + spread(away)),
      }
    },
  }
}
