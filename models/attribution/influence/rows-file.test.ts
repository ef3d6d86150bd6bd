import { copyFile, mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uniform } from '../../sampling.ts'
import { openRows, panelOf, readPanel, rowLayout, widenBlock, writeRows } from './rows-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rows-file-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const layout = rowLayout([3, 6, 2])
const random = uniform(5)
const rows = Array.from({ length: 7 }, (_, row) =>
  Float32Array.from({ length: layout.size }, () => (2 * random() - 1) * 10 ** (row - 3)),
)
const write = async (name: string, from: number, end: number) => {
  const path = join(folder, name)
  const writer = await writeRows(path, layout, 'these', from)
  for (let row = end - 1; row >= from; row--) await writer.put(row, rows[row]!)
  await writer.close()
  return path
}
const stale = { code: 'index-stale' }

describe('a file of rows', () => {
  it('gives back every value within half a step of its block', async () => {
    const file = await openRows(await write('whole', 0, 7), layout, 'these', 7)
    const panel = panelOf(layout, 3 * layout.stride)
    expect(panel.rows).toBe(3)
    const back = new Float32Array(layout.size)
    for (let first = 0; first < 7; first += 3) {
      const count = Math.min(3, 7 - first)
      readPanel(file, first, count, panel)
      for (let row = 0; row < count; row++)
        for (const [b, start] of layout.starts.slice(0, -1).entries()) {
          widenBlock(panel, layout, row, b, back, start, 1)
          const source = rows[first + row]!.subarray(start, layout.starts[b + 1])
          const step = Math.max(...source.map(Math.abs)) / 127
          for (const [i, value] of source.entries())
            expect(Math.abs(back[start + i]! - value)).toBeLessThan(0.501 * step)
        }
    }
    await file.close()
  })

  it('takes 4 bytes a block and one a value, in rows of whole words', () => {
    expect(layout.stride).toBe(3 * 4 + 12)
    expect(rowLayout(Array.from({ length: 112 }, () => 512)).stride).toBe(57_792)
  })

  it('that was appended to has the bytes of one written at once', async () => {
    const whole = await readFile(await write('at-once', 0, 7))
    await write('appended', 0, 4)
    expect(await readFile(await write('appended', 4, 7))).toEqual(whole)
    // Again, as after an append that broke off.
    expect(await readFile(await write('appended', 4, 7))).toEqual(whole)
  })

  it('of another identity or layout, cut or with another header is refused as stale', async () => {
    const path = await write('sound', 0, 7)
    await expect(openRows(path, layout, 'others', 7)).rejects.toMatchObject(stale)
    await expect(openRows(path, rowLayout([6, 3, 2]), 'these', 7)).rejects.toMatchObject(stale)
    await expect(openRows(path, layout, 'these', 8)).rejects.toMatchObject(stale)
    await expect(writeRows(path, layout, 'others', 7)).rejects.toMatchObject(stale)
    await expect(openRows(join(folder, 'none'), layout, 'these', 7)).rejects.toMatchObject(stale)
    const cut = join(folder, 'cut')
    await copyFile(path, cut)
    await truncate(cut, 64 + 7 * layout.stride - 1)
    await expect(openRows(cut, layout, 'these', 7)).rejects.toMatchObject(stale)
    const changed = await open(path, 'r+')
    await changed.write('x', 40)
    await changed.close()
    await expect(openRows(path, layout, 'these', 7)).rejects.toMatchObject(stale)
  })

  it('takes no row that is not finite, and keeps zeros', async () => {
    const writer = await writeRows(join(folder, 'special'), layout, 'these')
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      await expect(writer.put(0, rows[0]!.with(4, bad))).rejects.toMatchObject({
        code: 'gradient-not-finite',
      })
    await writer.put(0, new Float32Array(layout.size))
    await writer.close()
    const bytes = await readFile(join(folder, 'special'))
    expect(bytes.subarray(64).every(byte => byte === 0)).toBe(true)
    expect(bytes).toHaveLength(64 + layout.stride)
  })
})
