import type { Method } from '../judge/method.ts'
import { cholesky, dampingShare, type Multiply, solve } from '../kernel.ts'
import { addTo, columnsOf, emptyScores, type GradientParts, withGradients } from './gradient-panels.ts'
import { signMatrix } from './random-projection.ts'

/** k, to which the wide side of every LoRA tensor is projected. */
export const lograDimensions = 64

/**
 * LoGRA (Choe et al. 2024) on gradients that are low-rank already: of every LoRA tensor the rank side is kept whole and the wide
 * side projected at random to 64. A damped Fisher matrix per tensor preconditions the question's side.
 */
export const logra = (parts: GradientParts, seed: number): Method => ({
  name: `LoGRA-${lograDimensions}`,
  source: 'Choe et al. 2024, random projection',
  scores: asked =>
    withGradients(parts, parts.adapter, asked, async (rows, questions) => {
      const multiply = parts.engine.matmulTransposed
      const out = emptyScores(questions.rows, rows.rows)
      for (const [tensor, { offset, shape }] of rows.layout.entries()) {
        const width = shape[0] * shape[1]
        const project = (block: Float32Array) =>
          projectWide(block, shape, lograDimensions, seed + tensor, multiply)
        const own = await project(columnsOf(rows, offset, width))
        const queries = await project(columnsOf(questions, offset, width))
        addTo(out, await fisherInfluence(own, queries, own.length / rows.rows, multiply))
      }
      return out
    }),
})

/**
 * Projects the longer side of matrices [count, a, b] to k and returns them as [count, min(a, b) * k], the short side slower; as they
 * are where the longer side is no longer than k.
 */
export const projectWide = async (
  matrices: Float32Array,
  [a, b]: readonly [number, number],
  k: number,
  seed: number,
  multiply: Multiply,
): Promise<Float32Array> => {
  const wide = Math.max(a, b)
  if (wide <= k) return matrices
  return multiply(b >= a ? matrices : eachTransposed(matrices, a, b), signMatrix(k, wide, seed), wide)
}

/** Matrices [count, a, b] to [count, b, a]. */
const eachTransposed = (matrices: Float32Array, a: number, b: number): Float32Array => {
  const out = new Float32Array(matrices.length)
  for (let at = 0; at < matrices.length; at += a * b)
    for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) out[at + j * a + i] = matrices[at + i * b + j]!
  return out
}

/**
 * z_q^T (F + lambda I)^{-1} z_i / n with F = Z^T Z / n and lambda 0.1 times the mean of its diagonal, as [questions, rows]. Computed
 * as (Z Z^T + n lambda I)^{-1} Z z_q, which is the same and takes n^3 instead of width^3.
 * @param rows Z, [n, width] @param queries [questions, width]
 */
export const fisherInfluence = async (
  rows: Float32Array,
  queries: Float32Array,
  width: number,
  multiply: Multiply,
): Promise<Float64Array> => {
  const n = rows.length / width
  const kernel = Float64Array.from(await multiply(rows, rows, width))
  const products = Float64Array.from(await multiply(queries, rows, width))
  let trace = 0
  for (let i = 0; i < n; i++) trace += kernel[i * n + i]!
  if (trace === 0) return products
  const ridge = (dampingShare * trace) / width
  for (let i = 0; i < n; i++) kernel[i * n + i] = kernel[i * n + i]! + ridge
  const factor = await cholesky(kernel, n)
  for (let q = 0; q < products.length; q += n) products.set(solve(factor, n, products.subarray(q, q + n)), q)
  return products
}
