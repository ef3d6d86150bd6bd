import type { RowsFile } from './influence/rows-file.ts'
import type { Multiply } from './kernel.ts'
import type { Bound, Tolerance } from './tolerance.ts'
import { productBound } from './tolerance-bounds.ts'
import { type Measured, rowErrors } from './tolerance-rows.ts'
import {
  addStored,
  emptyFigure,
  emptySide,
  type Figure,
  type Question,
  type Side,
  sizeOf,
  total,
  weigh,
} from './tolerance-sides.ts'
import { addBlock, blockProduct, eachRow, writeSolver } from './tolerance-solve.ts'
import { stepBound } from './tolerance-step.ts'

export interface InfluenceTolerance {
  /** @param z the question's gradient as influence multiplies it, [d] */
  ask(z: Float32Array): Promise<Tolerance>
  close(): Promise<void>
}

/**
 * Tolerances of influence under one index. What follows from the rows is computed here, once; a question takes three passes over
 * the rows, a figure one over each of the two files.
 * @param scratch file for the blocks' factors, 4 min(n, d)^2 bytes a block; it is left where it is
 * Throws `kernel-not-positive` and `index-stale`.
 */
export const influenceTolerance = async (
  measured: Measured,
  multiply: Multiply,
  scratch: string,
): Promise<InfluenceTolerance> => {
  const { rows, preconditioned, roots } = measured
  const { layout, rows: n } = rows
  const { starts } = layout
  const count = layout.widths.length
  const solver = await writeSolver(scratch, rows, measured.share, multiply)
  const errors = await rowErrors(measured, multiply, solver.put)
  const factors = await solver.open()
  const { blocks, norms, steps, ySteps, drifts, floats } = errors
  const scale = measured.step / n

  const measure = ({ norms, tops }: Pick<Side, 'norms' | 'tops'>, vector: Float64Array): void => {
    for (let b = 0; b < count; b++) {
      const { norm, top } = sizeOf(vector.subarray(starts[b], starts[b + 1]))
      ;[norms[b], tops[b]] = [norm, top]
    }
  }
  /** v . z_j of each block and row. */
  const productsWith = (vector: Float64Array): Float64Array[] => {
    const found = Array.from({ length: count }, () => new Float64Array(n))
    eachRow(rows, (panel, at, row) => {
      for (let b = 0; b < count; b++) found[b]![row] = blockProduct(panel, layout, at, b, vector)
    })
    return found
  }
  const questionOf = async (z: Float32Array): Promise<Question> => {
    const y = await factors.solve(z)
    const question = { ...emptySide(count), own: emptySide(count), isRow: false }
    measure(question, y)
    measure(question.own, Float64Array.from(z))
    for (const [b, products] of productsWith(y).entries())
      weigh(j => products[j]! / n, norms[b]!, steps[b]!, question.sums, b)
    return question
  }
  /** Sum of the rows of a file with the coefficients c. */
  const sumOf = (file: RowsFile, c: Float64Array): Float64Array => {
    const sum = new Float64Array(layout.size)
    eachRow(file, (panel, at, row) => {
      for (let b = 0; b < count; b++) addBlock(panel, layout, at, b, c[row]!, sum)
    })
    return sum
  }
  /** @param c c_i root_i */
  const figureOf = (c: Float64Array): Figure => {
    const figure = emptyFigure(count)
    const across = sumOf(preconditioned, c)
    measure(figure, across)
    for (const [b, products] of productsWith(across).entries()) {
      weigh(j => c[j]! - products[j]! / n, norms[b]!, steps[b]!, figure.sums, b)
      for (let i = 0; i < n; i++)
        addStored(figure.stored, b, c[i]!, ySteps[b]![i]!, drifts[b]![i]!, floats[b]![i]!)
    }
    return figure
  }
  const step = stepBound(errors, c => {
    const own = emptySide(count)
    measure(own, sumOf(rows, c))
    return { ...figureOf(c), own, isRow: true }
  })

  return {
    async ask(z) {
      const question = await questionOf(z)
      const boundOf = (figure: Figure, by: number, tau: number): Bound => {
        const product = productBound(blocks, figure, question)
        const whole = (of: keyof Bound) => by * product[of] + step[of] * Math.abs(tau)
        return { worst: whole('worst'), likely: Math.min(whole('worst'), whole('likely')) }
      }
      return {
        rows: ({ influence }) =>
          errors.figures.map((figure, i) => boundOf(figure, scale * roots[i]!, influence[i]!)),
        figure: ({ influence }, slopes) =>
          boundOf(
            figureOf(Float64Array.from(roots, (root, i) => root * slopes[i]!)),
            scale,
            total(n, i => slopes[i]! * influence[i]!),
          ),
      }
    },
    close: () => factors.close(),
  }
}
