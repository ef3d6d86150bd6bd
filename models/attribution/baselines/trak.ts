import type { Method } from '../judge/method.ts'
import { cholesky, type Multiply, solve } from '../kernel.ts'
import { emptyScores, type GradientParts, withGradients } from './gradient-panels.ts'
import { projectRows } from './random-projection.ts'

export interface TrakOptions {
  seed: number
  /** k, dimensions of the projection; default: a quarter of the rows. At the number of rows the inverse is of noise. */
  dimensions?: number | undefined
}

/** Smallest 1 - p that is divided by. */
const leastDoubt = 1e-6

/**
 * TRAK (Park et al. 2023) with one checkpoint where the paper averages several. The model's output is the log-odds of the answer,
 * whose gradient is that of -nats divided by 1 - p. An answer's p is the geometric mean of its tokens' probabilities, one
 * for all of them: log-odds of each token would ask for gradients of each. The question's side is left in nats.
 */
export const trak = (parts: GradientParts, { seed, dimensions }: TrakOptions): Method => ({
  name: 'TRAK',
  source: 'Park et al. 2023, one checkpoint',
  async scores(asked) {
    const { nats, tokens } = await parts.engine.losses(parts.rows, parts.adapter)
    const doubts = nats.map((sum, i) => Math.max(leastDoubt, 1 - Math.exp(-sum / tokens[i]!)))
    const k = dimensions ?? Math.max(1, Math.floor(parts.rows.length / 4))
    const multiply = parts.engine.matmulTransposed
    return withGradients(parts, parts.adapter, asked, async (rows, questions) => {
      const features = await projectRows(rows, k, seed, multiply)
      for (let at = 0; at < features.length; at++) features[at] = features[at]! / doubts[Math.floor(at / k)]!
      return trakScores(features, doubts, await projectRows(questions, k, seed, multiply), k, multiply)
    })
  },
})

/** Of the mean of the diagonal; only there so that rows which say the same do not stop the inverse. */
const ridgeShare = 1e-6

/**
 * phi_q^T (Phi^T Phi)^{-1} phi_i (1 - p_i), [questions][rows]. For least squares with the residual in place of 1 - p it is the
 * change of the prediction when row i is left out, times 1 - leverage.
 * @param features Phi, [rows, k]: gradients of the model's output @param doubts 1 - p of each row
 * @param queries [questions, k]
 */
export const trakScores = async (
  features: Float32Array,
  doubts: Float64Array,
  queries: Float32Array,
  k: number,
  multiply: Multiply,
): Promise<Float64Array[]> => {
  const n = features.length / k
  const columns = transposed(features, n, k)
  const gram = Float64Array.from(await multiply(columns, columns, n))
  let trace = 0
  for (let i = 0; i < k; i++) trace += gram[i * k + i]!
  const out = emptyScores(queries.length / k, n)
  if (trace === 0) return out
  for (let i = 0; i < k; i++) gram[i * k + i] = gram[i * k + i]! + (ridgeShare * trace) / k
  const factor = await cholesky(gram, k)
  for (const [q, own] of out.entries()) {
    const direction = solve(factor, k, Float64Array.from(queries.subarray(q * k, (q + 1) * k)))
    for (let i = 0; i < n; i++) {
      let sum = 0
      for (let j = 0; j < k; j++) sum += features[i * k + j]! * direction[j]!
      own[i] = sum * doubts[i]!
    }
  }
  return out
}

/** [rows, columns] to [columns, rows]. */
export const transposed = (matrix: Float32Array, rows: number, columns: number): Float32Array => {
  const out = new Float32Array(matrix.length)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j]!
  return out
}
