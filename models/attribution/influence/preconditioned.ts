import { cholesky, damping, type Multiply } from '../kernel.ts'
import { invertLower, transposed } from './triangle.ts'

/** One block of some rows, and what a question is multiplied with. */
export interface PreconditionedBlock {
  /** y_i = (F + lambda I)^-1 z_i, [n, d] row-major. */
  rows: Float32Array
  lambda: number
}

/**
 * y_i = (F + lambda I)^-1 z_i of all rows at once, F = Z^T Z / n and lambda = c trace(F) / min(n, d), by way of the rows:
 * (F + lambda I)^-1 Z^T = n Z^T (Z Z^T + n lambda I)^-1, so that a matrix of n instead of d is factored. For fewer rows than
 * columns. Throws `kernel-not-positive`.
 * @param rows Z, [n, d]
 */
export const preconditionByRows = async (
  rows: Float32Array,
  order: number,
  share: number,
  multiply: Multiply,
): Promise<PreconditionedBlock> => {
  const n = rows.length / order
  const kernel = Float64Array.from(await multiply(rows, rows, order))
  const lambda = damping(kernel, n, order, share)
  for (let i = 0; i < n; i++) kernel[i * n + i] = kernel[i * n + i]! + n * lambda
  const inverse = invertLower(await cholesky(kernel, n), n)
  const white = await multiply(inverse, transposed(rows, n, order), n)
  const out = await multiply(transposed(inverse, n, n), transposed(white, n, order), n)
  for (let i = 0; i < out.length; i++) out[i] = n * out[i]!
  return { rows: out, lambda }
}
