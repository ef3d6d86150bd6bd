import { uniform } from '../../sampling.ts'
import type { GradientRows } from '../gradient-rows.ts'
import type { Multiply } from '../kernel.ts'
import { halvesOf } from './gradient-panels.ts'

/**
 * A matrix [to, from] of +-1/sqrt(to), each sign as likely: it keeps dot products in expectation (Achlioptas 2003). The same seed
 * gives the same matrix.
 */
export const signMatrix = (to: number, from: number, seed: number): Float32Array => {
  const random = uniform(seed)
  const unit = 1 / Math.sqrt(to)
  const out = new Float32Array(to * from)
  // A loop: Float32Array.from asks an iterator for each of what may be 76 million signs.
  for (let i = 0; i < out.length; i++) out[i] = random() < 0.5 ? -unit : unit
  return out
}

/** Columns whose part of the projection is drawn at once, whatever the rows: all gradients must meet the same matrix. */
const drawnColumns = 4096

/** All rows projected to so many dimensions, [rows, dimensions]; rows projected with the same seed can be compared. */
export const projectRows = async (
  gradients: GradientRows,
  dimensions: number,
  seed: number,
  multiply: Multiply,
): Promise<Float32Array> => {
  const sums = new Float64Array(gradients.rows * dimensions)
  for (let from = 0; from < gradients.size; from += drawnColumns) {
    const width = Math.min(drawnColumns, gradients.size - from)
    const matrix = signMatrix(dimensions, width, seed + from)
    const part = await multiply(halvesOf(gradients, from, width), matrix, width)
    for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + part[i]!
  }
  return Float32Array.from(sums, (sum, at) => sum * gradients.scales[Math.floor(at / dimensions)]!)
}
