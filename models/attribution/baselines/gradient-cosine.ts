import type { GradientRows } from '../gradient-rows.ts'
import type { Method } from '../judge/method.ts'
import type { Multiply } from '../kernel.ts'
import { dotProducts, type GradientParts, normsOf, withGradients } from './gradient-panels.ts'

/** Cosine of the gradients of question and row: what `gradient dot` says without the rows' lengths. */
export const gradientCosine = (parts: GradientParts): Method => ({
  name: 'gradient cosine',
  source: 'Charpiat et al. 2019',
  scores: asked =>
    withGradients(parts, parts.adapter, asked, (rows, questions) =>
      cosines(questions, rows, parts.engine.matmulTransposed),
    ),
})

/** [questions][rows]; 0 where a gradient is zero. */
export const cosines = async (
  questions: GradientRows,
  rows: GradientRows,
  multiply: Multiply,
): Promise<Float64Array[]> => {
  const [asked, own] = [normsOf(questions), normsOf(rows)]
  const products = await dotProducts(questions, rows, multiply)
  return products.map((product, q) => product.map((value, i) => value / (asked[q]! * own[i]! || 1)))
}
