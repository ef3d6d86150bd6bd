import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeLinear, matmulTransposed } from '../../linear.ts'
import { type GradientRows, openGradientRows, writeGradientRows } from '../gradient-rows.ts'
import { cosines } from './gradient-cosine.ts'
import { columnsOf, dotProducts, normsOf, panelsOf } from './gradient-panels.ts'
import { projectRows, signMatrix } from './random-projection.ts'
import { normals, product } from './testing/matrices.ts'

const [n, asked, size] = [8, 3, 5000]
const normal = normals(8)
const values = Float32Array.from(
  { length: n * size },
  (_, at) => normal() * 10 ** (Math.floor(at / size) % 5),
)
const queries = Float32Array.from({ length: asked * size }, normal)

let folder: string
let rows: GradientRows
let questions: GradientRows
const stored = async (name: string, matrix: Float32Array): Promise<GradientRows> => {
  const path = join(folder, name)
  const writer = await writeGradientRows(path, matrix.length / size, size)
  await writer.put(0, matrix)
  await writer.close()
  return openGradientRows(path, matrix.length / size, size, writer.scales)
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'panels-'))
  rows = await stored('rows', values)
  questions = await stored('questions', queries)
})
afterAll(async () => {
  await rows.close()
  await questions.close()
  await closeLinear()
  await rm(folder, { recursive: true })
})

const norm = (matrix: Float32Array, row: number) =>
  Math.hypot(...matrix.subarray(row * size, (row + 1) * size))

describe('stored gradients', () => {
  it('give the dot products and cosines of what was stored, within half precision', async () => {
    const exact = product(queries, values, size, Float64Array)
    const dots = await dotProducts(questions, rows, matmulTransposed)
    const angles = await cosines(questions, rows, matmulTransposed)
    for (let q = 0; q < asked; q++)
      for (let i = 0; i < n; i++) {
        const unit = norm(queries, q) * norm(values, i)
        expect(Math.abs(dots[q]![i]! - exact[q * n + i]!) / unit).toBeLessThan(1e-4)
        expect(Math.abs(angles[q]![i]! - exact[q * n + i]! / unit)).toBeLessThan(1e-4)
      }
    for (const [i, length] of normsOf(rows).entries()) expect(length / norm(values, i)).toBeCloseTo(1, 4)
  })

  it('give any columns', () => {
    const some = columnsOf(rows, 70, 5)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < 5; j++) {
        const exact = values[i * size + 70 + j]!
        expect(Math.abs(some[i * 5 + j]! - exact)).toBeLessThan(1e-3 * 10 ** (i % 5) * 5)
      }
  })

  it('are projected by one matrix whatever lies in a row, keeping lengths in expectation', async () => {
    const k = 128
    const projected = await projectRows(rows, k, 3, matmulTransposed)
    const again = await projectRows(rows, k, 3, matmulTransposed)
    expect(again).toEqual(projected)
    expect(await projectRows(rows, k, 4, matmulTransposed)).not.toEqual(projected)
    const whole = new Float64Array(n * k)
    for (const from of [0, 4096]) {
      const width = Math.min(4096, size - from)
      const block = columnsOf(rows, from, width)
      const part = product(block, signMatrix(k, width, 3 + from), width, Float64Array)
      for (const [at, value] of part.entries()) whole[at] = whole[at]! + value
    }
    for (let i = 0; i < n; i++) {
      const own = Math.hypot(...projected.subarray(i * k, (i + 1) * k))
      // The squared length has a relative deviation of sqrt(2 / k) = 12.5%, the length of half that.
      expect(Math.abs(own / norm(values, i) - 1)).toBeLessThan(0.25)
      expect(Math.abs(projected[i * k]! - whole[i * k]!) / norm(values, i)).toBeLessThan(1e-5)
    }
  })
})

it('panels cover every column once', () => {
  const panels = [...panelsOf(200_000, 1000)]
  expect(panels[0]!.from).toBe(0)
  for (const [i, { from, width }] of panels.entries()) expect(panels[i + 1]?.from ?? 1000).toBe(from + width)
  expect(panels.length).toBeGreaterThan(1)
})
