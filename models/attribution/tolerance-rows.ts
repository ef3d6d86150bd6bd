import type { RowsFile } from './influence/rows-file.ts'
import { sampleRows } from './influence/step.ts'
import type { Multiply } from './kernel.ts'
import { deviations, unit } from './tolerance.ts'
import {
  addStored,
  type BlockErrors,
  emptyFigure,
  type Figure,
  sizeOf,
  total,
  weigh,
} from './tolerance-sides.ts'
import { readBlocks, rowRanges } from './tolerance-solve.ts'
import { driftOf } from './tolerance-step.ts'

/** An index of influence, opened. */
export interface Measured {
  rows: RowsFile
  preconditioned: RowsFile
  /** Root of each row's weight. */
  roots: Float64Array
  /** alpha, and c of lambda_b. */
  step: number
  share: number
  /** Relative error of each block's gradient for one deviation. */
  errors: readonly number[]
  /** What the projection of a block widens an error by at worst; 1 where it is whole. */
  widening: readonly number[]
}

/** Of every block, each row's norm and int8 step, and y_i's step, how far it may be off, and the scale of its floats: [block][row]. */
export interface RowSizes {
  readonly norms: Float64Array[]
  readonly steps: Float64Array[]
  readonly ySteps: Float64Array[]
  readonly drifts: Float64Array[]
  readonly floats: Float64Array[]
}

export interface RowErrors extends RowSizes {
  readonly blocks: BlockErrors[]
  /** Each row's own influence as a figure, with c_i root_i = 1. */
  readonly figures: Figure[]
  readonly sample: readonly SampledRow[]
}

/** A row on which alpha is measured. */
export interface SampledRow {
  readonly row: number
  /** z_j . y of each row, over all blocks. */
  readonly products: Float64Array
  /** How far the blocks of y may be off at worst. */
  readonly drifts: Float64Array
}

const perBlock = (count: number, n: number) => Array.from({ length: count }, () => new Float64Array(n))

/**
 * What of the errors follows from the rows alone: n^2 d products for the whole index, in the engine.
 * @param factor is given each block of all rows, [n, d], and returns its lambda
 */
export const rowErrors = async (
  measured: Measured,
  multiply: Multiply,
  factor: (block: number, z: Float32Array) => Promise<number>,
): Promise<RowErrors> => {
  const { rows, preconditioned } = measured
  const { layout, rows: n } = rows
  const count = layout.widths.length
  const figures = Array.from({ length: n }, () => emptyFigure(count))
  const make = () => perBlock(count, n)
  const sizes: RowSizes = { norms: make(), steps: make(), ySteps: make(), drifts: make(), floats: make() }
  const blocks: BlockErrors[] = []
  const taken = Math.min(sampleRows, n)
  const sample = Array.from({ length: taken }, (_, i) => ({
    row: Math.floor((i * n) / taken),
    products: new Float64Array(n),
    drifts: new Float64Array(count),
  }))
  for (const range of rowRanges(rows)) {
    const [all, solved] = [readBlocks(rows, range), readBlocks(preconditioned, range)]
    for (let b = range[0]; b < range[1]; b++) {
      const [z, y] = [all[b - range[0]]!, solved[b - range[0]]!]
      const width = layout.widths[b]!
      const lambda = await factor(b, z)
      const [norms, steps, ySteps] = [sizes.norms[b]!, sizes.steps[b]!, sizes.ySteps[b]!]
      for (const [i, figure] of figures.entries()) {
        const own = sizeOf(z.subarray(i * width, (i + 1) * width))
        const other = sizeOf(y.subarray(i * width, (i + 1) * width))
        ;[norms[i], steps[i], ySteps[i]] = [own.norm, own.top / 127, other.top / 127]
        ;[figure.norms[b], figure.tops[b]] = [other.norm, other.top]
      }
      const block = blockErrors(measured, b, lambda, norms, steps, z)
      blocks.push(block)
      const gram = await multiply(y, z, width)
      for (const [i, figure] of figures.entries()) {
        weigh(j => (i === j ? 1 : 0) - gram[i * n + j]! / n, norms, steps, figure.sums, b)
        sizes.floats[b]![i] = block.byRows ? block.column : norms[i]!
        const { likely, worst } = driftOf(block, figure, b, n, sizes.floats[b]![i]!)
        sizes.drifts[b]![i] = likely
        addStored(figure.stored, b, 1, ySteps[i]!, likely, sizes.floats[b]![i]!)
        for (const { row, drifts } of sample) if (row === i) drifts[b] = worst
      }
      for (const { row, products } of sample)
        for (let j = 0; j < n; j++) products[j] = products[j]! + gram[row * n + j]!
    }
  }
  return { ...sizes, blocks, figures, sample }
}

const blockErrors = (
  { rows: { layout, rows: n }, errors, widening }: Measured,
  b: number,
  lambda: number,
  norms: Float64Array,
  steps: Float64Array,
  z: Float32Array,
): BlockErrors => {
  const width = layout.widths[b]!
  const one = errors[b]!
  // Twice, as the scale of int8 is off as well.
  const reach = 2 * deviations * one * widening[b]!
  const side = Math.sqrt(width)
  const energy = total(n, j => norms[j]! ** 2)
  const each = energy > 0 ? 1 / energy : 0
  const columns = new Float64Array(width)
  for (let j = 0; j < n; j++)
    for (let i = 0; i < width; i++) columns[i] = columns[i]! + z[j * width + i]! ** 2
  const largest = columns.reduce((most, value) => Math.max(most, value), 0)
  const byRows = n <= Math.min(...layout.widths)
  return {
    width,
    lambda,
    byRows,
    one,
    reach,
    damping: {
      one: 2 * one * each * Math.sqrt(total(n, j => norms[j]! ** 4)),
      reach: 2 * each * total(n, j => norms[j]! * (reach * norms[j]! + side * steps[j]!)),
      flips: 8 * one * each ** 2 * total(n, j => 127 * (steps[j]! * norms[j]!) ** 2),
      top: 254 * each * steps.reduce((most, step) => Math.max(most, step ** 2), 0),
    },
    summed: 2 * unit * Math.sqrt(byRows ? width : n),
    // Two products of that length, of the inverse's root with the rows, on each of two machines.
    solved: (4 * unit * (byRows ? n : width)) / lambda,
    largest: largest / n,
    trace: energy / n,
    column: Math.sqrt(largest),
    spread: {
      squares: energy,
      flips: total(n, j => norms[j]! * steps[j]!),
      worst: total(n, j => (reach * norms[j]! + side * steps[j]!) ** 2),
    },
  }
}
