import { dampingShare, type Multiply } from '../kernel.ts'
import { addLeverages, addOuterProducts, blockRanges, factorOf, invertLower } from './fisher.ts'
import { type Matrices, openMatrices, writeMatrices } from './matrix-file.ts'
import type { RowsFile } from './rows-file.ts'
import { stepLength } from './step.ts'

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
  /** SHA-256 of the two files. */
  sums: string
  factors: string
  /** alpha of `stepLength`. */
  step: number
  /** h_i = alpha sum_b z_b^T (F_b + lambda_b I)^-1 z_b / n, cut at 1. */
  leverage: Float64Array
}

/**
 * Writes sum z_b z_b^T and the Cholesky factor of F_b + lambda_b I of every block, and computes every row's leverage. New rows cost
 * their own outer products; leverages are computed again for all, as each new row changes the curvature.
 * Throws `kernel-not-positive`, `index-stale` and the signal's reason.
 */
export const buildCurvature = async (
  file: RowsFile,
  paths: { sums: string; factors: string },
  { multiply, share = dampingShare, known, bytes = 512 * 2 ** 20, signal }: CurvatureOptions,
): Promise<Curvature> => {
  const { widths } = file.layout
  const n = file.rows
  const sumsFile = await writeMatrices(paths.sums)
  const factorsFile = await writeMatrices(paths.factors)
  const sizes = new Float64Array(n)
  const dampings = new Float64Array(widths.length)
  const hashes = { sums: '', factors: '' }
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
        const { factor, lambda } = await factorOf(sum, order, n, share)
        dampings[range[0] + i] = lambda
        await factorsFile.put(Float32Array.from(factor))
        matrices[i] = invertLower(factor, order)
      }
      await addLeverages(file, range, matrices, multiply, sizes)
      signal?.throwIfAborted()
    }
  } finally {
    hashes.sums = await sumsFile.close()
    hashes.factors = await factorsFile.close()
  }
  const factors = await openMatrices(paths.factors, widths, hashes.factors)
  const step = await stepLength(file, factors, dampings).finally(() => factors.close())
  return {
    ...hashes,
    step,
    leverage: sizes.map(size => Math.min(1, (step * size) / n)),
  }
}
