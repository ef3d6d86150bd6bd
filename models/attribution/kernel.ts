import { fault } from '../../infra/errors.ts'
import { breather } from './breather.ts'

/** a [m, k] times b [n, k] transposed, to [m, n]; half bits or float32. */
export type Multiply = (
  a: Float32Array | Uint16Array,
  b: Float32Array | Uint16Array,
  k: number,
) => Promise<Float32Array>

/**
 * Damping constant: lambda = c times the mean eigenvalue of F. A tenth of it is the usual choice where nothing was
 * calibrated (DataInf, Kwon et al. 2024; LoGRA, Choe et al. 2024); a recipe may bring its own.
 */
export const dampingShare = 0.1

/** lambda = c trace(K) / (n min(n, p)): c times the mean of the eigenvalues of F = G^T G / n that can differ from zero. */
export const damping = (kernel: Float64Array, n: number, p: number, c: number = dampingShare): number => {
  let trace = 0
  for (let i = 0; i < n; i++) trace += kernel[i * n + i]!
  // All gradients zero: any positive damping gives the right answer, zero influence.
  return trace > 0 ? (c * trace) / (n * Math.min(n, p)) : 1
}

/**
 * Cholesky factor L [n, n] of a symmetric positive definite matrix, lower triangle, in place; float64, n^3 / 6 products
 * (about 0.2 s at n = 1,000), in slices between which other work runs.
 * Throws `kernel-not-positive` where the matrix is not positive definite.
 */
export const cholesky = async (a: Float64Array, n: number): Promise<Float64Array> => {
  const breathe = breather()
  for (let i = 0; i < n; i++) {
    const row = a.subarray(i * n, i * n + n)
    for (let j = 0; j <= i; j++) {
      const other = a.subarray(j * n, j * n + j)
      let sum = row[j]!
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!
      if (j < i) row[j] = sum / a[j * n + j]!
      else if (sum > 0) row[i] = Math.sqrt(sum)
      else
        throw fault('kernel-not-positive', 'The gradient kernel is not positive definite.', {
          fix: 'Build the index with a larger damping.',
          facts: { row: i },
          blame: 'ours',
        })
    }
    row.fill(0, i + 1)
    await breathe()
  }
  return a
}

/** Solves (L L^T) x = b for a lower triangular L [n, n]; 2 n^2 products. */
export const solve = (factor: Float64Array, n: number, b: Float64Array): Float64Array => {
  const x = b.slice()
  for (let i = 0; i < n; i++) {
    let sum = x[i]!
    for (let k = 0; k < i; k++) sum -= factor[i * n + k]! * x[k]!
    x[i] = sum / factor[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = x[i]! / factor[i * n + i]!
    x[i] = value
    for (let k = 0; k < i; k++) x[k] = x[k]! - factor[i * n + k]! * value
  }
  return x
}
