import type { ModelConfig } from '../architectures/config.ts'

/**
 * How far two honest computations of one attribution may lie apart. Two machines (or one with another number of threads) add
 * the same float32 products in another order; everything below follows that difference through to the figures.
 *
 * 1. Float32, u = 2^-24. A product of length n, or n sums, errs by at most z sqrt(n) u of its scale, but for a part
 *    2 exp(-z^2 / 2) of all cases: roundings are independent and centred (Higham and Mary 2019, A New Approach to
 *    Probabilistic Rounding Error Analysis). z = 6, 3 in 10^8. The worst case n u has every rounding point one way; no sum
 *    comes near it. Along a forward pass the lengths add up under the root; a relative error is carried on as it is,
 *    because residual sums and norms keep the scale. That last step is the only assumption; what is observed is shown beside it.
 * 2. Nats. log p = logit - logsumexp: both err by eps times the range of the logits, ln V + |log p|; two machines, so
 *    4 eps (ln V + |log p|) a token, and over T tokens 4 eps (T ln V + nats).
 * 3. Gradients. A tensor's gradient errs by e, the relative error of the pass there and back, of its norm: correlated over the
 *    tensors of a row, which come of one pass, so their parts are added up; independent from row to row. A projection by k x w
 *    signs adds products of length w to the pass. It keeps an error's norm in the mean, and at worst widens it by its norm, 1 + sqrt(w / k),
 *    while it keeps half the gradient's norm or more.
 * 4. int8. A value x near the border of two steps is rounded to either. With x anywhere within its step, what is stored differs by
 *    dx + v: dx the float error itself, v centred, at most a step s, of variance at most s |dx|, and independent for every element
 *    of every row and tensor, as x is. Flips are rare and large, so their sum has Bennett's bound, not that of a normal law. The
 *    scale's own error, e of the largest element's, moves the borders as much again.
 * 5. Influence, by blocks b: tau_c = alpha / n sum_b Y . z with Y = sum_i c_i root_i y_i. To first order, with y = (F + lambda)^-1 z of
 *    the question, a_j = c_j root_j - z_j . Y / n (what the rows leave of the figure) and t_j = z_j . y / n,
 *        d tau_c = alpha / n sum_b [ sum_j (a_j y - t_j Y) . dz_j + Y . dz - dlambda y . Y + z . dY' ] + tau_c dalpha / alpha,
 *    where dY' is what rounding y_i to int8 adds, and the floats of their computation. One row's influence has c = e_i.
 *    - worst: every rounding at its bound and pointing one way (Cauchy and Schwarz); each element of a row off by a whole step. No
 *      honest computation is beyond it, but over hundreds of rows it is above every influence.
 *    - likely: the roundings of 3 and 4, z standard deviations, and never above `worst`. This is what figures are compared with.
 *    alpha is a ratio of products of stored rows with each other, whose errors are those of figures. Its error moves all
 *    influence alike, so that shares do not feel it.
 *
 * Observed on the shipped base with 40 and 300 rows and four answers, whole and projected: one thread against two less than 2e-5 of
 * `likely`; the rows in another order, alpha's sample held fast, less than 1e-2 of `likely` and 3e-5 of `worst`. Gradients perturbed
 * by one deviation in every element stay under a third of `likely` and a twentieth of `worst` (tested). On that base `likely` is 2%
 * of the influence's root mean square with 40 rows and 7% with 300; of a gain of 0.5, a share's figure has 0.003, but with 300 rows
 * those near zero, whose bounds are added up, make 0.1 of it: see `shareTolerance`.
 */
export const deviations = 6
export const unit = 2 ** -24

/** Products that a forward pass over so many tokens takes one after the other, their lengths added up. */
const pathLength = ({ layers, dim, hidden, heads, headDim }: ModelConfig, tokens: number): number =>
  layers * (4 * dim + headDim + 2 * tokens + heads * headDim + hidden) + 2 * dim

/** Relative error of a logit for one deviation. */
const forwardError = (config: ModelConfig, tokens: number): number =>
  unit * Math.sqrt(pathLength(config, tokens))

/**
 * Relative error of a gradient for one deviation: the path there and back, the sum over tokens, and the products of a projection.
 * @param wide length of those, 0 where gradients are whole
 */
export const gradientError = (config: ModelConfig, tokens: number, wide = 0): number =>
  unit * Math.sqrt(3 * pathLength(config, tokens) + wide)

/** Difference allowed between two measurements of -log p over `count` tokens, nats. `tokens`: the whole sequence. */
export const natsTolerance = (config: ModelConfig, tokens: number, count: number, nats: number): number =>
  4 * deviations * forwardError(config, tokens) * (count * Math.log(config.vocabulary) + Math.abs(nats))

/** Difference allowed between two sums of the same float64 logarithms, whatever their order. */
export const unigramTolerance = (count: number, nats: number): number =>
  (count + 4) * 2 ** -52 * Math.abs(nats)

/** Bounds of one figure: beyond `worst` nothing honest lies, beyond `likely` 3 in 10^8. */
export interface Bound {
  worst: number
  likely: number
}

export interface Asked {
  /** Influence as computed here, per row. */
  influence: ArrayLike<number>
}

/** Tolerances of influence on one question. */
export interface Tolerance {
  /** Bound of each row's influence. */
  rows(asked: Asked): Bound[]
  /** Bound of a figure with the slopes c_i, its derivatives by each row's influence. */
  figure(asked: Asked, slopes: ArrayLike<number>): Bound
}
