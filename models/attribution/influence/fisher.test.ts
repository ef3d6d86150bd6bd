import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeLinear, matmulTransposed } from '../../linear.ts'
import { uniform } from '../../sampling.ts'
import { cholesky, damping, solve } from '../kernel.ts'
import { buildCurvature } from './curvature.ts'
import { blockRanges } from './fisher.ts'
import { openMatrices } from './matrix-file.ts'
import {
  openRows,
  panelOf,
  type RowLayout,
  readPanel,
  rowLayout,
  widenBlock,
  writeRows,
} from './rows-file.ts'
import { scan } from './scan.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fisher-'))
})
afterAll(async () => {
  await closeLinear()
  await rm(folder, { recursive: true, force: true })
})

const random = uniform(13)
const multiply = (a: Float32Array | Uint16Array, b: Float32Array | Uint16Array, k: number) =>
  matmulTransposed(a, b, k, 1)
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)))

/** Random rows in a file, and as the file has them. */
const stored = async (name: string, layout: RowLayout, n: number) => {
  const writer = await writeRows(join(folder, name), layout, 'these')
  for (let row = 0; row < n; row++)
    await writer.put(
      row,
      Float32Array.from({ length: layout.size }, () => 2 * random() - 1),
    )
  await writer.close()
  const file = await openRows(join(folder, name), layout, 'these', n)
  const panel = panelOf(layout, n * layout.stride)
  readPanel(file, 0, n, panel)
  const rows = Array.from({ length: n }, (_, row) => {
    const values = new Float32Array(layout.size)
    for (const b of layout.widths.keys()) widenBlock(panel, layout, row, b, values, layout.starts[b]!, 1)
    return values
  })
  return { file, rows }
}
const paths = (name: string) => ({
  sums: join(folder, `${name}-sums`),
  preconditioned: join(folder, `${name}-preconditioned`),
  identity: 'these',
})
/** The preconditioned rows that were written. */
const written = (name: string, layout: RowLayout, n: number) =>
  openRows(paths(name).preconditioned, layout, 'these', n)

describe('influence by one block of curvature', () => {
  for (const [n, d] of [
    [12, 30],
    [40, 17],
  ] as const)
    it(`of ${d} columns and ${n} rows is the exact form's, to int8`, async () => {
      const layout = rowLayout([d])
      const { file, rows } = await stored(`exact-${d}`, layout, n)
      const query = Float32Array.from({ length: d }, () => 2 * random() - 1)

      const kernel = Float64Array.from({ length: n * n }, (_, at) => {
        const [a, b] = [rows[Math.floor(at / n)]!, rows[at % n]!]
        return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
      })
      const lambda = damping(kernel, n, d)
      for (let i = 0; i < n; i++) kernel[i * n + i]! += n * lambda
      const factor = await cholesky(kernel, n)
      const products = Float64Array.from(rows, row =>
        row.reduce((sum, value, i) => sum + value * query[i]!, 0),
      )
      const exact = solve(factor, n, products)

      const where = paths(`exact-${d}`)
      const curvature = await buildCurvature(file, where, { multiply })
      const preconditioned = await written(`exact-${d}`, layout, n)
      const [scores] = await scan(preconditioned, [query])
      expect(curvature.step).toBeCloseTo(1, 2)
      expect(Math.max(...exact.map(Math.abs))).toBeGreaterThan(0.01)
      expect(
        furthest(
          scores!.map(score => score / n),
          exact,
        ),
      ).toBeLessThan(0.01 * Math.max(...exact.map(Math.abs)))
      const leverage = rows.map((_, i) => {
        const unit = Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))
        return 1 - n * lambda * solve(factor, n, unit)[i]!
      })
      expect(furthest(curvature.leverage, leverage)).toBeLessThan(1e-3)
      await preconditioned.close()
      await file.close()
    })
})

describe('the curvature', () => {
  it('of appended rows is the one built at once, whatever memory its blocks share', async () => {
    const layout = rowLayout([9, 20, 6])
    const { file } = await stored('parts', layout, 30)
    const [once, first, later] = [paths('once'), paths('first'), paths('later')]
    const whole = await buildCurvature(file, once, { multiply })
    const part = await buildCurvature({ ...file, rows: 18 }, first, { multiply })
    const sums = await openMatrices(first.sums, layout.widths, part.sums!)
    // So little memory that every block is a range of its own.
    const appended = await buildCurvature(file, later, { multiply, known: { rows: 18, sums }, bytes: 1 })
    expect(furthest(appended.leverage, whole.leverage)).toBeLessThan(1e-5)
    const [a, b] = [await written('once', layout, 30), await written('later', layout, 30)]
    const questions = [0, 1, 2].map(() => Float32Array.from({ length: layout.size }, () => 2 * random() - 1))
    const [wanted, found] = [await scan(a, questions), await scan(b, questions)]
    for (const [q, products] of wanted.entries())
      expect(furthest(products, found[q]!)).toBeLessThan(0.01 * Math.max(...products.map(Math.abs)))
    for (const open of [a, b, sums, file]) await open.close()
  })

  it('counts what several blocks tell alike once', async () => {
    const [n, d, copies] = [40, 5, 4]
    const layout = rowLayout(Array.from({ length: copies }, () => d))
    const writer = await writeRows(join(folder, 'alike'), layout, 'these')
    for (let row = 0; row < n; row++) {
      const z = Array.from({ length: d }, () => 2 * random() - 1)
      await writer.put(
        row,
        Float32Array.from({ length: copies * d }, (_, i) => z[i % d]!),
      )
    }
    await writer.close()
    const file = await openRows(join(folder, 'alike'), layout, 'these', n)
    const { step } = await buildCurvature(file, paths('alike'), { multiply })
    // Without damping 1 / copies; a tenth of it makes that (1 + 0.1) / (copies + 0.1) where all eigenvalues are equal.
    expect(step).toBeGreaterThan(1 / copies)
    expect(step).toBeLessThan(1.15 / copies)
    await file.close()
  })

  it('cuts its blocks into ranges that fit, and takes a block that never fits alone', () => {
    expect(blockRanges([10, 10, 10], 800)).toEqual([
      [0, 2],
      [2, 3],
    ])
    expect(blockRanges([10, 100, 10], 800)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ])
  })

  it('whose file was changed is refused as stale', async () => {
    const layout = rowLayout([5])
    const { file } = await stored('stale', layout, 4)
    const where = paths('stale')
    await buildCurvature(file, where, { multiply })
    await expect(openRows(where.preconditioned, layout, 'others', 4)).rejects.toMatchObject({
      code: 'index-stale',
    })
    await file.close()
  })

  it('of rows without any gradient gives no influence', async () => {
    const layout = rowLayout([4])
    const writer = await writeRows(join(folder, 'zero'), layout, 'these')
    for (let row = 0; row < 3; row++) await writer.put(row, new Float32Array(4))
    await writer.close()
    const file = await openRows(join(folder, 'zero'), layout, 'these', 3)
    const { leverage } = await buildCurvature(file, paths('zero'), { multiply })
    expect([...leverage]).toEqual([0, 0, 0])
    await file.close()
  })
})
