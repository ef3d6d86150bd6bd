import { factorOf } from './influence/fisher.ts'
import { openMatrices, writeMatrices } from './influence/matrix-file.ts'
import {
  type Panel,
  panelOf,
  type RowLayout,
  type RowsFile,
  readPanel,
  widenBlock,
} from './influence/rows-file.ts'
import { transposed } from './influence/triangle.ts'
import { cholesky, damping, type Multiply, solve } from './kernel.ts'

/** Bytes of rows read at once, and of rows held as float32. */
const panelBytes = 16 * 2 ** 20
const heldBytes = 256 * 2 ** 20

/** Calls back with every row, at its place in a panel. */
export const eachRow = (file: RowsFile, use: (panel: Panel, at: number, row: number) => void): void => {
  const panel = panelOf(file.layout, Math.min(panelBytes, file.rows * file.layout.stride))
  for (let first = 0; first < file.rows; first += panel.rows) {
    const count = Math.min(panel.rows, file.rows - first)
    readPanel(file, first, count, panel)
    for (let at = 0; at < count; at++) use(panel, at, first + at)
  }
}

/** Blocks that are read together: each range is one pass over the file. */
export const rowRanges = ({ layout, rows }: RowsFile): (readonly [first: number, end: number])[] => {
  const ranges: [number, number][] = []
  let held = Number.POSITIVE_INFINITY
  for (const [b, width] of layout.widths.entries()) {
    const bytes = 4 * rows * width
    if (held + bytes > heldBytes) {
      ranges.push([b, b])
      held = 0
    }
    ranges.at(-1)![1] = b + 1
    held += bytes
  }
  return ranges
}

/** Blocks [first, end) of all rows, each [n, d], in memory that reaches the engine's thread without a copy. */
export const readBlocks = (file: RowsFile, [first, end]: readonly [number, number]): Float32Array[] => {
  const { layout, rows } = file
  const widths = layout.widths.slice(first, end)
  const blocks = widths.map(width => new Float32Array(new SharedArrayBuffer(4 * rows * width)))
  eachRow(file, (panel, at, row) => {
    for (const [i, width] of widths.entries())
      widenBlock(panel, layout, at, first + i, blocks[i]!, row * width, 1)
  })
  return blocks
}

/** Sum of a block's elements times the vector's from `from` on. */
export const blockProduct = (
  { scales, values }: Panel,
  { widths, starts, stride }: RowLayout,
  row: number,
  block: number,
  vector: Float64Array,
): number => {
  const start = starts[block]!
  const at = row * stride + 4 * widths.length
  let sum = 0
  for (let i = start; i < starts[block + 1]!; i++) sum += values[at + i]! * vector[i]!
  return scales[(row * stride) / 4 + block]! * sum
}

/** Adds a row's block, so many times, to a vector [d]. */
export const addBlock = (
  { scales, values }: Panel,
  { widths, starts, stride }: RowLayout,
  row: number,
  block: number,
  times: number,
  into: Float64Array,
): void => {
  const factor = times * scales[(row * stride) / 4 + block]!
  if (factor === 0) return
  const at = row * stride + 4 * widths.length
  for (let i = starts[block]!; i < starts[block + 1]!; i++) into[i] = into[i]! + factor * values[at + i]!
}

/**
 * Solves (F_b + lambda_b I) y = z for questions. Factors lie on disk, as all of them may be more than memory; a block's is of n rows
 * or of d columns, whichever is less.
 */
export const writeSolver = async (path: string, file: RowsFile, share: number, multiply: Multiply) => {
  const { layout, rows: n } = file
  const { widths, starts } = layout
  const writer = await writeMatrices(path)
  const lambdas = new Float64Array(widths.length)
  const byRows = (b: number) => n <= widths[b]!
  return {
    /** Blocks in order; returns lambda. @param z the block of all rows, [n, d]. Throws `kernel-not-positive`. */
    async put(b: number, z: Float32Array): Promise<number> {
      const width = widths[b]!
      if (!byRows(b)) {
        const columns = transposed(z, n, width)
        const found = await factorOf(await multiply(columns, columns, n), width, n, share)
        lambdas[b] = found.lambda
        await writer.put(Float32Array.from(found.factor))
        return found.lambda
      }
      const kernel = Float64Array.from(await multiply(z, z, width))
      const lambda = damping(kernel, n, width, share)
      for (let i = 0; i < n; i++) kernel[i * n + i] = kernel[i * n + i]! + n * lambda
      lambdas[b] = lambda
      await writer.put(Float32Array.from(await cholesky(kernel, n)))
      return lambda
    },
    async open() {
      const orders = widths.map((width, b) => (byRows(b) ? n : width))
      const factors = await openMatrices(path, orders, await writer.close())
      return {
        /** y of a question z, [d], all blocks. */
        async solve(z: Float32Array): Promise<Float64Array> {
          const wide = Float64Array.from(z)
          const y = wide.slice()
          const products = new Float64Array(n * widths.length)
          eachRow(file, (panel, at, row) => {
            for (const b of widths.keys())
              if (byRows(b)) products[b * n + row] = blockProduct(panel, layout, at, b, wide)
          })
          for (const [b, order] of orders.entries()) {
            const factor = Float64Array.from(await factors.read(b))
            if (byRows(b)) products.set(solve(factor, n, products.subarray(b * n, (b + 1) * n)), b * n)
            else y.set(solve(factor, order, wide.slice(starts[b], starts[b + 1])), starts[b])
          }
          // (F + lambda I)^-1 z = (z - Z^T (Z Z^T + n lambda I)^-1 Z z) / lambda
          eachRow(file, (panel, at, row) => {
            for (const b of widths.keys())
              if (byRows(b)) addBlock(panel, layout, at, b, -products[b * n + row]!, y)
          })
          for (const b of widths.keys())
            for (let i = starts[b]!; byRows(b) && i < starts[b + 1]!; i++) y[i] = y[i]! / lambdas[b]!
          return y
        },
        close: () => factors.close(),
      }
    },
  }
}
