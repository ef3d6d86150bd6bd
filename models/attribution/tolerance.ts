import type { ModelConfig } from '../architectures/config.ts'
import { solve } from './kernel.ts'

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
 * 3. Stored gradients. Halves of two nearly equal numbers are the same or neighbours: 2^-10 of the element apart.
 * 4. Influence. tau = M G v with M = (G G^T + n lambda I)^-1. To first order, with r = v - G^T tau what the rows leave unexplained,
 *        d tau = M dG r - M G dG^T tau + M G dv - M dK tau - d(n lambda) M tau.
 *    The plain |d tau| <= (|dk| + |dK| |tau|) / (n lambda) says the same without structure; for a thousand rows it is above
 *    every influence. For a linear figure c . tau put m = M c: each term is a product with m or with G^T m, |G^T m|^2 = m^T K m.
 *    - worst: every rounding at its bound and pointing one way (Cauchy and Schwarz). No honest computation is beyond it.
 *    - likely: the same roundings, independent of each other, at z of the root of their summed squares (Hoeffding 1963). Needed
 *      where many rows are added up, as in a share: a thousand worst cases would cover any forgery.
 *
 * Observed on the shipped base with 60 rows and six answers, one thread against two and the rows in another order: at most
 * 4e-5 of `worst`, 6e-4 of `likely` and 1.1e-4 of the losses' bound. On the small sample model every difference is 0.
 */
export const deviations = 6
const unit = 2 ** -24
/** Neighbouring halves differ by this part of their value. */
const halfStep = 2 ** -10
/** Below the normal halves a step is 2^-24, of rows whose largest element is 1024. */
const smallestStep = 2 ** -24 / 1024
/** Elements that a panel of the kernel sums in float32 at most, over the number of rows. */
const panelElements = 16 * 2 ** 20

/** Products that a forward pass over so many tokens takes one after the other, their lengths added up. */
const pathLength = ({ layers, dim, hidden, heads, headDim }: ModelConfig, tokens: number): number =>
  layers * (4 * dim + headDim + 2 * tokens + heads * headDim + hidden) + 2 * dim

/** Relative error of a logit for one deviation. */
const forwardError = (config: ModelConfig, tokens: number): number =>
  unit * Math.sqrt(pathLength(config, tokens))

/** Relative error of a gradient for one deviation: the path there and back, and the sum over tokens. */
const gradientError = (config: ModelConfig, tokens: number): number =>
  unit * Math.sqrt(3 * pathLength(config, tokens))

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

export interface Kernel {
  /** Lower factor L [n, n] of K + n lambda I. */
  factor: Float64Array
  /** n lambda. */
  ridge: number
  /** Root of each row's weight. */
  roots: Float64Array
  /** Each row's largest gradient element is 1024 of these, see gradient-rows.ts. */
  scales: Float64Array
  /** Length p of a gradient. */
  size: number
}

export interface Asked {
  /** Influence as computed here, per row. */
  influence: ArrayLike<number>
  /** Norm of the answer's gradient. */
  norm: number
}

export interface Tolerance {
  /** Bound of each row's influence. */
  rows(asked: Asked): Bound[]
  /** Bound of a figure with the slopes c_i, its derivatives by each row's influence. */
  figure(asked: Asked, slopes: ArrayLike<number>): Bound
}

const sum = (n: number, at: (i: number) => number): number => {
  let total = 0
  for (let i = 0; i < n; i++) total += at(i)
  return total
}

/** What a direction m = M c has to do with the errors of the rows; of it alone, whatever was asked. */
interface Direction {
  m: Float64Array
  /** |G^T m| */
  span: number
  worst: number
  likely: number
  sizes: number
  squares: number
}

/**
 * Tolerances of influence under one index; the rows' part takes 2 n^3 operations once (2 s for 1,000 rows).
 * @param tokens length of the longest example, prompt and answer
 */
export const influenceTolerance = (config: ModelConfig, tokens: number, kernel: Kernel): Tolerance => {
  const { factor, ridge, roots, scales, size } = kernel
  const n = roots.length
  const one = 2 * gradientError(config, tokens)
  const tops = scales.map((scale, i) => scale * 1024 * roots[i]!)
  const sizes = Float64Array.from({ length: n }, (_, i) => {
    const row = factor.subarray(i * n, i * n + i + 1)
    return Math.sqrt(Math.max(0, row.reduce((total, value) => total + value * value, 0) - ridge))
  })
  const trace = sum(n, i => sizes[i]! ** 2)
  // Norm of a row's error at worst, and the length that an independent one may have along any direction.
  const worst = sizes.map(
    (norm, i) => (halfStep + deviations * one) * norm + Math.sqrt(size) * smallestStep * tops[i]!,
  )
  const likely = sizes.map((norm, i) => Math.hypot((halfStep + smallestStep) * tops[i]!, one * norm))
  const summed = 2 * unit * Math.sqrt(Math.min(size, Math.max(64, panelElements / n)))
  const ridgeWorst = trace > 0 ? (2 * sum(n, i => worst[i]! * sizes[i]!)) / trace : 0
  const ridgeLikely = trace > 0 ? (2 * Math.sqrt(sum(n, i => (likely[i]! * sizes[i]!) ** 2))) / trace : 0
  const solving = n * 2 ** -52 * (1 + trace / ridge)

  const along = (c: Float64Array): Direction => {
    const m = solve(factor, n, c)
    return {
      m,
      span: Math.sqrt(
        Math.max(
          0,
          sum(n, i => m[i]! * (c[i]! - ridge * m[i]!)),
        ),
      ),
      worst: sum(n, i => Math.abs(m[i]!) * worst[i]!),
      likely: sum(n, i => (m[i]! * likely[i]!) ** 2),
      sizes: sum(n, i => Math.abs(m[i]!) * sizes[i]!),
      squares: sum(n, i => (m[i]! * sizes[i]!) ** 2),
    }
  }

  const toward = ({ influence, norm }: Asked) => {
    // A row without weight has no influence, and no part in the kernel.
    const tau = Float64Array.from(influence, (value, i) => (roots[i]! > 0 ? value / roots[i]! : 0))
    // L^T tau, for tau^T (K + n lambda I) tau; and k = (K + n lambda I) tau.
    const back = Float64Array.from({ length: n }, (_, j) =>
      sum(n - j, d => factor[(j + d) * n + j]! * tau[j + d]!),
    )
    const length = Math.sqrt(sum(n, i => tau[i]! ** 2))
    const energy = sum(n, j => back[j]! ** 2)
    const rest = Math.sqrt(Math.max(0, norm ** 2 - energy - ridge * length ** 2))
    const worstBack = sum(n, i => Math.abs(tau[i]!) * worst[i]!) + deviations * one * norm
    const likelyBack = sum(n, i => (tau[i]! * likely[i]!) ** 2) + (one * norm) ** 2
    const tauSizes = sum(n, i => Math.abs(tau[i]!) * sizes[i]!)
    const tauSquares = sum(n, i => (tau[i]! * sizes[i]!) ** 2)
    return (c: number, direction: Direction, slope: number): Bound => {
      const damped = Math.abs(slope) * ridge
      const solved = solving * length * c
      return {
        worst:
          direction.worst * rest +
          direction.span * worstBack +
          deviations * summed * direction.sizes * tauSizes +
          damped * ridgeWorst +
          solved,
        likely:
          deviations *
            Math.sqrt(
              direction.likely * rest ** 2 +
                direction.span ** 2 * likelyBack +
                2 * summed ** 2 * direction.squares * tauSquares +
                (damped * ridgeLikely) ** 2,
            ) +
          solved,
      }
    }
  }

  let each: Direction[] | null = null
  const dot = (m: Float64Array, influence: ArrayLike<number>) =>
    sum(n, i => (roots[i]! > 0 ? (m[i]! * influence[i]!) / roots[i]! : 0))
  return {
    rows(asked) {
      each ??= Array.from(roots, (root, i) => {
        const c = new Float64Array(n)
        c[i] = root
        return along(c)
      })
      const bound = toward(asked)
      return each.map((direction, i) => bound(roots[i]!, direction, dot(direction.m, asked.influence)))
    },
    figure(asked, slopes) {
      const c = Float64Array.from(roots, (root, i) => root * slopes[i]!)
      const direction = along(c)
      return toward(asked)(Math.sqrt(sum(n, i => c[i]! ** 2)), direction, dot(direction.m, asked.influence))
    },
  }
}
