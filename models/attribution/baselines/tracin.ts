import type { Method } from '../judge/method.ts'
import { dotProducts, emptyScores, type GradientParts, withGradients } from './gradient-panels.ts'

/** An adapter kept during the training. */
export interface Checkpoint {
  /** Its folder. */
  readonly adapter: string
  /** Summed learning rate of the steps that it stands for, in any unit: `learningRateMass`. */
  readonly mass: number
}

/**
 * TracIn over checkpoints (TracInCP, Pruthi et al. 2020): the dot product of the gradients of question and row at each of them,
 * weighted by learning rate. A checkpoint stands for the steps that led to it; the paper's step size at the checkpoint itself
 * would leave out the last one, where the schedule ends at zero. The step is taken as plain descent, which AdamW's is not.
 */
export const tracIn = (
  parts: Omit<GradientParts, 'adapter'> & { checkpoints: readonly Checkpoint[] },
): Method => ({
  name: 'TracIn',
  source: 'Pruthi et al. 2020 (TracInCP)',
  async scores(asked) {
    const products: Float64Array[][] = []
    for (const { adapter } of parts.checkpoints)
      products.push(
        await withGradients(parts, adapter, asked, (rows, questions) =>
          dotProducts(questions, rows, parts.engine.matmulTransposed),
        ),
      )
    const masses = parts.checkpoints.map(({ mass }) => mass)
    return weightedSum(products, masses, asked.length, parts.rows.length)
  },
})

/** Sum over checkpoints of mass times product, [questions][rows]. */
export const weightedSum = (
  products: readonly (readonly Float64Array[])[],
  masses: readonly number[],
  questions: number,
  rows: number,
): Float64Array[] => {
  const out = emptyScores(questions, rows)
  for (const [c, product] of products.entries())
    for (const [q, own] of out.entries())
      for (let i = 0; i < rows; i++) own[i] = own[i]! + masses[c]! * product[q]![i]!
  return out
}
