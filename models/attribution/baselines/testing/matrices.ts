import { uniform } from '../../../sampling.ts'
import type { Multiply } from '../../kernel.ts'

/** Standard normal draws (Box & Muller 1958). */
export const normals = (seed: number): (() => number) => {
  const random = uniform(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** a [m, k] times b [n, k] transposed, summed in float64. */
export const plainMultiply: Multiply = async (a, b, k) => product(a, b, k, Float32Array)

export const product = <T extends Float32Array | Float64Array>(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  k: number,
  Into: new (length: number) => T,
): T => {
  const [m, n] = [a.length / k, b.length / k]
  const out = new Into(m * n)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let x = 0; x < k; x++) sum += a[i * k + x]! * b[j * k + x]!
      out[i * n + j] = sum
    }
  return out
}

/** Inverse of a square matrix by Gauss and Jordan; without pivots, for positive definite ones. */
export const inverse = (matrix: Float64Array, n: number): Float64Array => {
  const left = matrix.slice()
  const right = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0))
  for (let pivot = 0; pivot < n; pivot++) {
    const scale = 1 / left[pivot * n + pivot]!
    for (const side of [left, right])
      for (let j = 0; j < n; j++) side[pivot * n + j] = side[pivot * n + j]! * scale
    for (let i = 0; i < n; i++) {
      if (i === pivot) continue
      const factor = left[i * n + pivot]!
      for (const side of [left, right])
        for (let j = 0; j < n; j++) side[i * n + j] = side[i * n + j]! - factor * side[pivot * n + j]!
    }
  }
  return right
}

export const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)))
