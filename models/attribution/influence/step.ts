import { panelOf, type RowsFile, readPanel, widenRow } from './rows-file.ts'
import { scan } from './scan.ts'

/** Rows on which the step is measured; each costs a query. */
export const sampleRows = 16

/**
 * The step alpha that makes y = M z, M block diagonal, fit the whole curvature F + Lambda best: it minimises the mean over rows of
 * a^2 y^T (F + Lambda) y / 2 - a z^T y, so alpha = sum z^T y / sum y^T (F + Lambda) y. Blocks that tell the same are otherwise counted once
 * each: on 30 rows and 42 tensors the plain sum over blocks was 26 to 44 times the exact form. One block has alpha 1.
 * @param preconditioned y of every row @param dampings lambda of every block
 */
export const stepLength = async (
  file: RowsFile,
  preconditioned: RowsFile,
  dampings: ArrayLike<number>,
  sample: number = sampleRows,
): Promise<number> => {
  const { layout, rows } = file
  const taken = Math.min(sample, rows)
  const panel = panelOf(layout, layout.stride)
  const read = (from: RowsFile, row: number): Float32Array => {
    readPanel(from, row, 1, panel)
    return widenRow(panel, layout, 0)
  }
  const places = Array.from({ length: taken }, (_, i) => Math.floor((i * rows) / taken))
  const directions = places.map(row => read(preconditioned, row))
  const products = await scan(file, directions)
  let along = 0
  let curved = 0
  for (const [q, y] of directions.entries()) {
    along += products[q]![places[q]!]!
    for (const product of products[q]!) curved += product ** 2 / rows
    for (const b of layout.widths.keys()) {
      let squares = 0
      for (let i = layout.starts[b]!; i < layout.starts[b + 1]!; i++) squares += y[i]! ** 2
      curved += dampings[b]! * squares
    }
  }
  return curved > 0 ? along / curved : 1
}
