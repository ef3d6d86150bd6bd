import type { Engine, Example } from '../../engine.ts'
import { type GradientRows, sharedHalves } from '../gradient-rows.ts'
import type { Multiply } from '../kernel.ts'
import type { GradientCache, StoredGradients } from './gradient-cache.ts'

/** What a method that compares gradients works on. */
export interface GradientParts {
  engine: Engine
  /** Folder of the adapter that answers. */
  adapter: string
  rows: readonly Example[]
  gradients: GradientCache
}

/** Opens the gradients of rows and questions under an adapter for as long as `work` takes. */
export const withGradients = async <T>(
  { rows, gradients }: Pick<GradientParts, 'rows' | 'gradients'>,
  adapter: string,
  questions: readonly Example[],
  work: (rows: StoredGradients, questions: StoredGradients) => Promise<T>,
): Promise<T> => {
  const ofRows = await gradients.open(adapter, rows)
  try {
    const ofQuestions = await gradients.open(adapter, questions)
    return await work(ofRows, ofQuestions).finally(() => ofQuestions.close())
  } finally {
    await ofRows.close()
  }
}

/** Elements of one panel of columns: 16 MiB of halves. */
const panelElements = 8 * 2 ** 20

/** Panels of columns that hold so many rows together within bounds. */
export function* panelsOf(rows: number, size: number): Generator<{ from: number; width: number }> {
  const width = Math.max(64, Math.floor(panelElements / rows))
  for (let from = 0; from < size; from += width) yield { from, width: Math.min(width, size - from) }
}

/** Columns [from, from + width) of all rows as half bits [rows, width], still to be multiplied by the rows' scales. */
export const halvesOf = (gradients: GradientRows, from: number, width: number): Uint16Array => {
  const halves = sharedHalves(gradients.rows * width)
  gradients.columns(from, width, halves)
  return halves
}

/** Columns [from, from + width) of all rows, [rows, width]. */
export const columnsOf = (gradients: GradientRows, from: number, width: number): Float32Array => {
  const bits = new Uint16Array(gradients.rows * width)
  gradients.columns(from, width, bits)
  const halves = new Float16Array(bits.buffer)
  const out = new Float32Array(halves.length)
  for (let row = 0; row < gradients.rows; row++) {
    const scale = gradients.scales[row]!
    for (let at = row * width; at < (row + 1) * width; at++) out[at] = halves[at]! * scale
  }
  return out
}

/** Dot products of every question's gradient with every row's, [questions][rows]. */
export const dotProducts = async (
  questions: GradientRows,
  rows: GradientRows,
  multiply: Multiply,
): Promise<Float64Array[]> => {
  const out = emptyScores(questions.rows, rows.rows)
  for (const { from, width } of panelsOf(rows.rows + questions.rows, rows.size)) {
    const part = await multiply(halvesOf(questions, from, width), halvesOf(rows, from, width), width)
    addTo(out, part)
  }
  for (const [q, own] of out.entries())
    for (let i = 0; i < own.length; i++) own[i] = own[i]! * (questions.scales[q]! * rows.scales[i]!)
  return out
}

/** Zeros, [questions][rows]. */
export const emptyScores = (questions: number, rows: number): Float64Array[] =>
  Array.from({ length: questions }, () => new Float64Array(rows))

/** Adds a matrix [questions, rows] to scores. */
export const addTo = (scores: readonly Float64Array[], matrix: ArrayLike<number>): void => {
  for (const [q, own] of scores.entries())
    for (let i = 0; i < own.length; i++) own[i] = own[i]! + matrix[q * own.length + i]!
}

/** Length of every row's gradient. */
export const normsOf = (gradients: GradientRows): Float64Array => {
  const row = new Uint16Array(gradients.size)
  const halves = new Float16Array(row.buffer)
  return Float64Array.from(gradients.scales, (scale, i) => {
    gradients.block(i, row)
    let squares = 0
    for (let at = 0; at < halves.length; at++) squares += halves[at]! * halves[at]!
    return scale * Math.sqrt(squares)
  })
}
