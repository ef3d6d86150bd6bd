import { cholesky, dampingShare, type Multiply } from '../kernel.ts'
import { panelOf, type RowLayout, type RowsFile, readPanel, widenBlock } from './rows-file.ts'
import { transposed } from './triangle.ts'

/** Bytes of rows held at once: some 580 of the shipped base, so that the products are large. */
const panelBytes = 32 * 2 ** 20

/** Blocks [first, end) whose matrices are held together. */
export type BlockRange = readonly [first: number, end: number]

/** Cuts the blocks into ranges whose float32 matrices take at most so many bytes; each range costs passes over the file. */
export const blockRanges = (widths: readonly number[], bytes: number): BlockRange[] => {
  const ranges: BlockRange[] = []
  let first = 0
  let held = 0
  for (const [b, width] of widths.entries()) {
    if (b > first && held + 4 * width ** 2 > bytes) {
      ranges.push([first, b])
      first = b
      held = 0
    }
    held += 4 * width ** 2
  }
  return [...ranges, [first, widths.length]]
}

/** Calls back with panels of rows [from, rows) of the file, other work running between. */
const eachPanel = async (
  file: RowsFile,
  from: number,
  use: (panel: ReturnType<typeof panelOf>, first: number, count: number) => Promise<void>,
): Promise<void> => {
  const panel = panelOf(file.layout, Math.min(panelBytes, file.rows * file.layout.stride))
  for (let first = from; first < file.rows; first += panel.rows) {
    const count = Math.min(panel.rows, file.rows - first)
    readPanel(file, first, count, panel)
    await use(panel, first, count)
  }
}

const scratchFor = ({ widths }: RowLayout, [first, end]: BlockRange, rows: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(4 * rows * Math.max(...widths.slice(first, end))))

/**
 * Adds sum z_b z_b^T over rows [from, rows) of the file to the sums of a range of blocks, each [d_b, d_b]. The curvature is block
 * diagonal, a block a tensor, so 1e6 rows of the shipped base take 5.9e13 products and sums.
 */
export const addOuterProducts = async (
  file: RowsFile,
  from: number,
  range: BlockRange,
  sums: readonly Float32Array[],
  multiply: Multiply,
): Promise<void> => {
  const { layout } = file
  await eachPanel(file, from, async (panel, _, count) => {
    const scratch = scratchFor(layout, range, count)
    for (let b = range[0]; b < range[1]; b++) {
      const columns = scratch.subarray(0, layout.widths[b]! * count)
      for (let row = 0; row < count; row++) widenBlock(panel, layout, row, b, columns, row, count)
      const part = await multiply(columns, columns, count)
      const sum = sums[b - range[0]]!
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!
    }
  })
}

/**
 * Cholesky factor [d, d] of F + lambda I, where F = sum / n and lambda = c trace(F) / min(n, d): c times the mean of F's
 * eigenvalues that can differ from zero, as in the exact form.
 */
export const factorOf = async (
  sum: Float32Array,
  order: number,
  n: number,
  share: number = dampingShare,
): Promise<{ factor: Float64Array; lambda: number }> => {
  const fisher = Float64Array.from(sum, value => value / Math.max(1, n))
  let trace = 0
  for (let i = 0; i < order; i++) trace += fisher[i * order + i]!
  // A block without any gradient: any positive damping gives the right answer, zero influence.
  const lambda = trace > 0 ? (share * trace) / Math.min(n, order) : 1
  for (let i = 0; i < order; i++) fisher[i * order + i]! += lambda
  return { factor: await cholesky(fisher, order), lambda }
}

/**
 * Calls back with y_b = (F_b + lambda_b I)^-1 z_b of each row over a range of blocks, one after the other, [d of the range], and
 * z_b^T y_b summed over the range.
 * @param inverses L_b^-1 of each block of the range
 */
export const eachPreconditioned = async (
  file: RowsFile,
  range: BlockRange,
  inverses: readonly Float32Array[],
  multiply: Multiply,
  use: (row: number, y: Float32Array, product: number) => Promise<void>,
): Promise<void> => {
  const { layout } = file
  const from = layout.starts[range[0]]!
  const span = layout.starts[range[1]]! - from
  const turned = inverses.map((inverse, i) => {
    const width = layout.widths[range[0] + i]!
    return transposed(inverse, width, width)
  })
  await eachPanel(file, 0, async (panel, first, count) => {
    const scratch = scratchFor(layout, range, count)
    const rows = new Float32Array(count * span)
    const products = new Float64Array(count)
    for (let b = range[0]; b < range[1]; b++) {
      const width = layout.widths[b]!
      const own = scratch.subarray(0, count * width)
      for (let row = 0; row < count; row++) widenBlock(panel, layout, row, b, own, row * width, 1)
      const white = await multiply(own, inverses[b - range[0]]!, width)
      const found = await multiply(white, turned[b - range[0]]!, width)
      const to = layout.starts[b]! - from
      for (let row = 0; row < count; row++) {
        rows.set(found.subarray(row * width, (row + 1) * width), row * span + to)
        for (let i = row * width; i < (row + 1) * width; i++) products[row] = products[row]! + white[i]! ** 2
      }
    }
    for (let row = 0; row < count; row++)
      await use(first + row, rows.subarray(row * span, (row + 1) * span), products[row]!)
  })
}
