import { dampingShare, type Multiply } from '../kernel.ts'
import { addOuterProducts, blockRanges, eachPreconditioned, factorOf } from './fisher.ts'
import { type Matrices, writeMatrices } from './matrix-file.ts'
import { preconditionByRows } from './preconditioned.ts'
import {
  encodeBlock,
  openRows,
  panelOf,
  type RowsFile,
  readPanel,
  widenBlock,
  writeRows,
} from './rows-file.ts'
import { stepLength } from './step.ts'
import { invertLower } from './triangle.ts'

export interface CurvatureOptions {
  multiply: Multiply
  /** c of lambda_b. */
  share?: number | undefined
  /** Sums of the first `known.rows` rows, as a build wrote them: only the rows after them are added. */
  known?: { rows: number; sums: Matrices } | undefined
  /** Memory for matrices, bytes; default 512 MiB. */
  bytes?: number | undefined
  signal?: AbortSignal | undefined
}

export interface Curvature {
  /** SHA-256 of the file of sums; null where rows are too few to need one. */
  sums: string | null
  /** alpha of `stepLength`. */
  step: number
  /** h_i = alpha sum_b z_b^T (F_b + lambda_b I)^-1 z_b / n, cut at 1. */
  leverage: Float64Array
}

/**
 * Writes y = (F_b + lambda_b I)^-1 z of every row and block, with which a question is multiplied, and computes every row's
 * leverage. Where there are more rows than a block has columns, sum z_b z_b^T is written too: new rows then cost their own
 * outer products. The rest is computed again for all, as each new row changes the curvature.
 * Throws `kernel-not-positive`, `index-stale` and the signal's reason.
 */
export const buildCurvature = async (
  file: RowsFile,
  paths: { sums: string; preconditioned: string; identity: string },
  options: CurvatureOptions,
): Promise<Curvature> => {
  const { layout, rows: n } = file
  const products = new Float64Array(n)
  const dampings = new Float64Array(layout.widths.length)
  const writer = await writeRows(paths.preconditioned, layout, paths.identity)
  let sums: string | null = null
  try {
    const into = { writer, products, dampings }
    if (n <= Math.min(...layout.widths)) await byRows(file, into, options)
    else sums = await byColumns(file, paths.sums, into, options)
  } finally {
    await writer.close()
  }
  const preconditioned = await openRows(paths.preconditioned, layout, paths.identity, n)
  const step = await stepLength(file, preconditioned, dampings).finally(() => preconditioned.close())
  return { sums, step, leverage: products.map(product => Math.min(1, (step * product) / n)) }
}

interface Into {
  writer: Awaited<ReturnType<typeof writeRows>>
  /** z^T y of each row. */
  products: Float64Array
  dampings: Float64Array
}

const byRows = async (
  file: RowsFile,
  { writer, products, dampings }: Into,
  { multiply, share = dampingShare, signal }: CurvatureOptions,
): Promise<void> => {
  const { layout, rows: n } = file
  const panel = panelOf(layout, n * layout.stride)
  readPanel(file, 0, n, panel)
  const found = panelOf(layout, n * layout.stride)
  for (const [b, width] of layout.widths.entries()) {
    signal?.throwIfAborted()
    const z = new Float32Array(new SharedArrayBuffer(4 * n * width))
    for (let row = 0; row < n; row++) widenBlock(panel, layout, row, b, z, row * width, 1)
    const { rows: y, lambda } = await preconditionByRows(z, width, share, multiply)
    dampings[b] = lambda
    for (let row = 0; row < n; row++) {
      const own = y.subarray(row * width, (row + 1) * width)
      encodeBlock(found, layout, row, b, own)
      for (let i = 0; i < width; i++) products[row] = products[row]! + own[i]! * z[row * width + i]!
    }
  }
  await writer.putBytes(0, found.bytes)
}

const byColumns = async (
  file: RowsFile,
  sumsPath: string,
  { writer, products, dampings }: Into,
  { multiply, share = dampingShare, known, bytes = 512 * 2 ** 20, signal }: CurvatureOptions,
): Promise<string> => {
  const { widths } = file.layout
  const sumsFile = await writeMatrices(sumsPath)
  let hash = ''
  try {
    for (const range of blockRanges(widths, bytes)) {
      const matrices: Float32Array[] = []
      for (let b = range[0]; b < range[1]; b++)
        matrices.push(known ? await known.sums.read(b) : new Float32Array(widths[b]! ** 2))
      await addOuterProducts(file, known?.rows ?? 0, range, matrices, multiply)
      for (const [i, sum] of matrices.entries()) {
        signal?.throwIfAborted()
        const order = widths[range[0] + i]!
        await sumsFile.put(sum)
        const { factor, lambda } = await factorOf(sum, order, file.rows, share)
        dampings[range[0] + i] = lambda
        matrices[i] = invertLower(factor, order)
      }
      await eachPreconditioned(file, range, matrices, multiply, async (row, y, product) => {
        await writer.putBlocks(row, ...range, y)
        products[row] = products[row]! + product
        signal?.throwIfAborted()
      })
    }
  } finally {
    hash = await sumsFile.close()
  }
  return hash
}
