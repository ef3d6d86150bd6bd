import type { Clustering } from '../clusters.ts'
import {
  openRows,
  panelOf,
  type RowLayout,
  type RowsFile,
  readPanel,
  widenBlock,
  writeRows,
} from './rows-file.ts'
import { scan } from './scan.ts'

/** Bytes of rows read at once. */
const panelBytes = 16 * 2 ** 20

/**
 * Writes z_c = sum of w_i z_i of each cluster, so that a query against clusters reads no training row: dot products are linear, and a
 * cluster's score is the sum of its rows' scores. The file has two rows a cluster, its sum and what int8 leaves of it, whose scores
 * `clusterScores` adds: 16 bits, as rows that cancel in a sum do not cancel in its rounding. Memory: 4 bytes for each of count x d.
 * @param roots root of each row's weight, which the stored rows already have in them once
 */
export const clusterRows = async (
  file: RowsFile,
  { count, of }: Clustering,
  roots: ArrayLike<number>,
  path: string,
  identity: string,
): Promise<void> => {
  const { layout, rows } = file
  const { size, starts, widths } = layout
  const sums = new Float32Array(count * size)
  const row = new Float32Array(size)
  const panel = panelOf(layout, Math.min(panelBytes, rows * layout.stride))
  for (let first = 0; first < rows; first += panel.rows) {
    const some = Math.min(panel.rows, rows - first)
    readPanel(file, first, some, panel)
    for (let i = 0; i < some; i++) {
      for (let b = 0; b < widths.length; b++) widenBlock(panel, layout, i, b, row, starts[b]!, 1)
      const root = roots[first + i]!
      const to = of[first + i]! * size
      for (let j = 0; j < size; j++) sums[to + j] = sums[to + j]! + root * row[j]!
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  const writer = await writeRows(path, layout, identity)
  const rest = row
  try {
    for (let c = 0; c < count; c++) {
      await writer.put(2 * c, sums.subarray(c * size, (c + 1) * size), rest)
      await writer.put(2 * c + 1, rest)
    }
  } finally {
    await writer.close()
  }
}

/** Opens what `clusterRows` wrote. Throws `index-stale`. */
export const openClusters = (path: string, layout: RowLayout, identity: string, count: number) =>
  openRows(path, layout, identity, 2 * count)

/** Dot products of each query [d] with the sum of every cluster, [queries][clusters]. */
export const clusterScores = async (
  file: RowsFile,
  queries: readonly Float32Array[],
): Promise<Float64Array[]> =>
  (await scan(file, queries)).map(scores =>
    Float64Array.from({ length: file.rows / 2 }, (_, c) => scores[2 * c]! + scores[2 * c + 1]!),
  )
