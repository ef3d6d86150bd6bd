import { precondition } from './fisher.ts'
import type { Matrices } from './matrix-file.ts'
import { panelOf, type RowsFile, readPanel, widenBlock } from './rows-file.ts'
import { scan } from './scan.ts'

/** Rows on which the step is measured; each costs a query. */
const sampleRows = 16

/**
 * The step alpha that makes y = M z, M block diagonal, fit the whole curvature F + Lambda best: it minimises the mean over rows of
 * a^2 y^T (F + Lambda) y / 2 - a z^T y, so alpha = sum z^T y / sum y^T (F + Lambda) y. Blocks that tell the same are otherwise counted once
 * each: on 30 rows and 42 tensors the plain sum over blocks was 26 to 44 times the exact form. One block has alpha 1.
 */
export const stepLength = async (
  file: RowsFile,
  factors: Matrices,
  dampings: ArrayLike<number>,
  sample: number = sampleRows,
): Promise<number> => {
  const { layout, rows } = file
  const { starts, widths } = layout
  const taken = Math.min(sample, rows)
  const panel = panelOf(layout, layout.stride)
  const gradients = Array.from({ length: taken }, (_, i) => {
    const z = new Float32Array(layout.size)
    readPanel(file, Math.floor((i * rows) / taken), 1, panel)
    for (const [b, start] of starts.slice(0, -1).entries()) widenBlock(panel, layout, 0, b, z, start, 1)
    return z
  })
  const directions = gradients.map(z => z.slice())
  await precondition(factors, layout, directions)
  const products = await scan(file, directions)
  let along = 0
  let curved = 0
  for (const [q, y] of directions.entries()) {
    for (let i = 0; i < y.length; i++) along += gradients[q]![i]! * y[i]!
    for (const product of products[q]!) curved += product ** 2 / rows
    for (const b of widths.keys()) {
      let squares = 0
      for (let i = starts[b]!; i < starts[b + 1]!; i++) squares += y[i]! ** 2
      curved += dampings[b]! * squares
    }
  }
  return curved > 0 ? along / curved : 1
}
