import { fault } from '../../infra/errors.ts'
import { breather } from './breather.ts'
import { type GradientRows, sharedHalves } from './gradient-rows.ts'

/** a [m, k] times b [n, k] transposed, to [m, n]; half bits or float32. */
export type Multiply = (
  a: Float32Array | Uint16Array,
  b: Float32Array | Uint16Array,
  k: number,
) => Promise<Float32Array>

/** Elements of one panel of gradient rows: 32 MiB of halves, 64 MiB once widened. */
const panelElements = 16 * 2 ** 20

/**
 * Damping constant: lambda = c times the mean eigenvalue of F. A tenth of it is the usual choice where nothing was
 * calibrated (DataInf, Kwon et al. 2024; LoGRA, Choe et al. 2024); a recipe may bring its own.
 */
export const dampingShare = 0.1

/**
 * K = G G^T [n, n] row-major from half rows on disk. Runs over panels of columns, so every row is read and widened once and
 * memory holds one panel and K. 974 rows of 299,008: 570 GFLOP.
 */
export const gradientKernel = async (
  gradients: GradientRows,
  multiply: Multiply,
  onPanel?: (done: number, total: number) => void,
): Promise<Float64Array> => {
  const { rows: n, size, scales } = gradients
  const kernel = new Float64Array(n * n)
  const width = Math.min(size, Math.max(64, Math.floor(panelElements / n)))
  const halves = sharedHalves(n * width)
  for (let from = 0; from < size; from += width) {
    const columns = Math.min(width, size - from)
    const panel = halves.subarray(0, n * columns)
    gradients.columns(from, columns, panel)
    const part = await multiply(panel, panel, columns)
    for (let i = 0; i < kernel.length; i++) kernel[i] = kernel[i]! + part[i]!
    onPanel?.(Math.min(size, from + columns), size)
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) kernel[i * n + j] = kernel[i * n + j]! * (scales[i]! * scales[j]!)
  }
  return kernel
}

/**
 * G v for several v at once: [n, queries] row-major, one pass over the rows on disk, in slices between which other work
 * runs. Straight from the halves: over 974 rows of 299,008 one query takes 0.2 s and four take 0.45 s, where a product in
 * the engine takes 0.7 s, most of it widening into fresh memory.
 */
export const gradientProducts = async (
  gradients: GradientRows,
  queries: readonly Float32Array[],
): Promise<Float64Array> => {
  const { rows: n, size, scales } = gradients
  const out = new Float64Array(n * queries.length)
  const row = new Uint16Array(size)
  const halves = new Float16Array(row.buffer)
  const sums = new Float64Array(4)
  const breathe = breather()
  for (let i = 0; i < n; i++) {
    gradients.block(i, row)
    for (let q = 0; q < queries.length; q += 4) {
      const group = queries.slice(q, q + 4)
      if (group.length === 4) fourDots(halves, group, sums)
      else for (const [j, query] of group.entries()) sums[j] = dot(halves, query)
      for (let j = 0; j < group.length; j++) out[i * queries.length + q + j] = scales[i]! * sums[j]!
    }
    await breathe()
  }
  return out
}

/** Four sums side by side: 0.7 ns an element where one sum takes 1.1. */
const dot = (a: Float16Array, b: Float32Array): number => {
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  const whole = a.length - (a.length % 4)
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!
    s1 += a[i + 1]! * b[i + 1]!
    s2 += a[i + 2]! * b[i + 2]!
    s3 += a[i + 3]! * b[i + 3]!
  }
  for (let i = whole; i < a.length; i++) s0 += a[i]! * b[i]!
  return s0 + s1 + s2 + s3
}

/** One row with four queries: each half is widened once. */
const fourDots = (a: Float16Array, queries: readonly Float32Array[], sums: Float64Array): void => {
  const [b, c, d, e] = [queries[0]!, queries[1]!, queries[2]!, queries[3]!]
  let [s0, s1, s2, s3] = [0, 0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const value = a[i]!
    s0 += value * b[i]!
    s1 += value * c[i]!
    s2 += value * d[i]!
    s3 += value * e[i]!
  }
  sums[0] = s0
  sums[1] = s1
  sums[2] = s2
  sums[3] = s3
}

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

/**
 * Leverage h_i = g_i^T (F + lambda I)^{-1} g_i / n of every row, between 0 and 1: 1 - n lambda [(K + n lambda I)^{-1}]_ii.
 * A row near 1 bends the model to itself alone.
 */
export const leverages = async (factor: Float64Array, n: number, ridge: number): Promise<Float64Array> => {
  const breathe = breather()
  const out = new Float64Array(n)
  const column = new Float64Array(n)
  for (let j = 0; j < n; j++) {
    // Column j of L^{-1}; the squared length of it is the inverse's diagonal.
    let squares = 0
    for (let i = j; i < n; i++) {
      let sum = i === j ? 1 : 0
      for (let k = j; k < i; k++) sum -= factor[i * n + k]! * column[k]!
      column[i] = sum / factor[i * n + i]!
      squares += column[i]! ** 2
    }
    out[j] = Math.min(1, Math.max(0, 1 - ridge * squares))
    await breathe()
  }
  return out
}
