import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uniform } from '../../sampling.ts'
import { clusterRows, clusterScores, openClusters } from './cluster-rows.ts'
import { openRows, type RowsFile, rowLayout, writeRows } from './rows-file.ts'
import { scan } from './scan.ts'

const layout = rowLayout([512, 510, 130])
// More than one panel of 4 MiB.
const count = 4000
const random = uniform(9)
const floats = () => Float32Array.from({ length: layout.size }, () => 2 * random() - 1)
const some = Array.from({ length: 50 }, floats)
const queries = Array.from({ length: 6 }, floats)

let folder: string
let file: RowsFile
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scan-'))
  const writer = await writeRows(join(folder, 'rows'), layout, 'these')
  for (let row = 0; row < count; row++) await writer.put(row, some[row % some.length]!)
  await writer.close()
  file = await openRows(join(folder, 'rows'), layout, 'these', count)
})
afterAll(async () => {
  await file?.close()
  await rm(folder, { recursive: true, force: true })
})

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)))

describe('a scan', () => {
  it('gives the dot product of every query with every row, up to int8', async () => {
    const found = await scan(file, queries)
    expect(found).toHaveLength(queries.length)
    for (const [q, scores] of found.entries()) {
      const exact = Array.from({ length: count }, (_, row) => dot(some[row % some.length]!, queries[q]!))
      // Values are off by up to 1/254, uniformly: sqrt(1152) / 254 / 3 is one standard deviation.
      expect(furthest(scores, exact)).toBeLessThan((5 * Math.sqrt(layout.size)) / 254 / 3)
    }
  })

  it('by several threads is the scan by one', async () => {
    expect(await scan(file, queries, 2)).toEqual(await scan(file, queries, 1))
  })

  it('of one query is the scan of many', async () => {
    const many = await scan(file, queries)
    for (const q of [0, 5])
      expect(furthest((await scan(file, [queries[q]!]))[0]!, many[q]!)).toBeLessThan(1e-4)
  })

  it('of clusters is the sum over their rows, each times the root of its weight', async () => {
    const of = Uint32Array.from({ length: count }, (_, row) => row % 7)
    const roots = Float64Array.from(of, (_, row) => Math.sqrt(row % 3))
    await clusterRows(file, { count: 7, of }, roots, join(folder, 'clusters'), 'clusters')
    const clusters = await openClusters(join(folder, 'clusters'), layout, 'clusters', 7)
    const [rows] = await scan(file, [queries[0]!])
    const [found] = await clusterScores(clusters, [queries[0]!]).finally(() => clusters.close())
    const exact = new Float64Array(7)
    for (const [row, score] of rows!.entries()) exact[of[row]!]! += roots[row]! * score
    expect(furthest(found!, exact)).toBeLessThan(5e-4 * Math.max(...exact.map(Math.abs)))
  })

  it('of rows that end early or hold no numbers is refused as stale, by whichever thread', async () => {
    const path = join(folder, 'bad')
    const writer = await writeRows(path, layout, 'these')
    for (let row = 0; row < 3; row++) await writer.put(row, some[row]!)
    await writer.close()
    const bad = await openRows(path, layout, 'these', 3)
    for (const threads of [1, 2])
      await expect(scan({ ...bad, rows: 5 }, queries, threads)).rejects.toMatchObject({ code: 'index-stale' })
    const changed = await open(path, 'r+')
    await changed.write(new Uint8Array(Float32Array.of(Number.NaN).buffer), 0, 4, 64)
    await changed.close()
    await expect(scan(bad, queries)).rejects.toMatchObject({ code: 'index-stale' })
    await bad.close()
  })
})
