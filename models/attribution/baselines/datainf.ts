import type { Method } from '../judge/method.ts'
import type { Multiply } from '../kernel.ts'
import { dampingShare } from '../kernel.ts'
import { addTo, columnsOf, emptyScores, type GradientParts, withGradients } from './gradient-panels.ts'

/**
 * DataInf (Kwon et al. 2024): for every LoRA tensor the inverse of the mean of (g g^T + lambda I) over rows is taken as the mean of
 * the inverses, each in closed form. lambda is 0.1 times the mean of the tensor's squared gradient entries, as in the paper.
 */
export const dataInf = (parts: GradientParts): Method => ({
  name: 'DataInf',
  source: 'Kwon et al. 2024',
  scores: asked =>
    withGradients(parts, parts.adapter, asked, async (rows, questions) => {
      const out = emptyScores(questions.rows, rows.rows)
      for (const { offset, shape } of rows.layout) {
        const width = shape[0] * shape[1]
        const [own, queries] = [columnsOf(rows, offset, width), columnsOf(questions, offset, width)]
        addTo(out, await dataInfBlock(own, queries, width, parts.engine.matmulTransposed))
      }
      return out
    }),
})

/**
 * One tensor's part: (1/lambda) [v.g_k - (1/n) sum_i (v.g_i)(g_i.g_k) / (lambda + |g_i|^2)], as [questions, rows].
 * @param rows [n, width] @param queries [questions, width]
 */
export const dataInfBlock = async (
  rows: Float32Array,
  queries: Float32Array,
  width: number,
  multiply: Multiply,
): Promise<Float64Array> => {
  const n = rows.length / width
  const kernel = await multiply(rows, rows, width)
  const products = await multiply(queries, rows, width)
  let trace = 0
  for (let i = 0; i < n; i++) trace += kernel[i * n + i]!
  const out = new Float64Array(products.length)
  if (trace === 0) return out
  const lambda = (dampingShare * trace) / (n * width)
  const explained = new Float64Array(n)
  for (let q = 0; q < products.length; q += n) {
    explained.fill(0)
    for (let i = 0; i < n; i++) {
      const share = products[q + i]! / (n * (lambda + kernel[i * n + i]!))
      for (let k = 0; k < n; k++) explained[k] = explained[k]! + share * kernel[i * n + k]!
    }
    for (let k = 0; k < n; k++) out[q + k] = (products[q + k]! - explained[k]!) / lambda
  }
  return out
}
