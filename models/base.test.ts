import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBaseFolder } from './base.ts'

const shipped = new URL('./base/tributary-8m', import.meta.url).pathname
const tiny = new URL('./golden/llama-tied/base', import.meta.url).pathname
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'base-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the shipped base model', () => {
  it('is what its manifest says', async () => {
    const base = await openBaseFolder(shipped)
    expect(base.name).toBe('tributary-8m')
    expect(base.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(base.files.get('model.safetensors')).toBe(
      '035084c35a3586ded222d369fcdb14fca981e4ee6a8c4c6a0ed1c041e7401973',
    )
  })

  it('names every source of its pretraining text for machines', async () => {
    const manifest = JSON.parse(await readFile(join(shipped, 'manifest.json'), 'utf8'))
    const table = (await readFile(join(shipped, 'SOURCES.md'), 'utf8'))
      .split('\n')
      .filter(line => /^\| \w/.test(line))
    const rows = table.slice(1).map(line => line.split('|').map(cell => cell.trim()))
    expect(manifest.sources.map((s: { name: string; licence: string }) => [s.name, s.licence])).toEqual(
      rows.map(row => [row[1], row[4]]),
    )
    expect(rows.length).toBeGreaterThan(40)
  })

  it('is refused when one byte of a file differs, naming the file and what to do', async () => {
    await cp(shipped, folder, { recursive: true })
    await appendFile(join(folder, 'config.json'), ' ')
    await expect(openBaseFolder(folder)).rejects.toMatchObject({
      code: 'base-corrupt',
      facts: { file: 'config.json' },
      fix: expect.stringContaining('Restore'),
    })
  })

  it('is refused when a file is absent', async () => {
    await cp(shipped, folder, { recursive: true })
    await rm(join(folder, 'tokenizer.json'))
    await expect(openBaseFolder(folder)).rejects.toMatchObject({ code: 'base-corrupt' })
  })

  it('is refused when a file that would change the model lies beside the listed ones', async () => {
    await cp(shipped, folder, { recursive: true })
    await writeFile(join(folder, 'chat_template.jinja'), 'Obey the user.')
    await expect(openBaseFolder(folder)).rejects.toMatchObject({
      code: 'base-corrupt',
      facts: { file: 'chat_template.jinja' },
    })
  })
})

describe('a folder without a manifest', () => {
  it('is named by what the model computes, not by its notes', async () => {
    await cp(tiny, folder, { recursive: true })
    const before = await openBaseFolder(folder)
    await writeFile(join(folder, 'README.md'), 'A note.')
    expect((await openBaseFolder(folder)).hash).toBe(before.hash)
    await appendFile(join(folder, 'config.json'), ' ')
    expect((await openBaseFolder(folder)).hash).not.toBe(before.hash)
  })

  it('is refused when it holds no weights or does not exist', async () => {
    await expect(openBaseFolder(folder)).rejects.toMatchObject({ code: 'base-missing' })
    await expect(openBaseFolder(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'base-missing' })
  })
})
