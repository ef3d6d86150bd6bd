import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Blobs, hashFile, openBlobs } from './blobs.ts'

let folder = ''
let blobs: Blobs
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-blobs-'))
  blobs = await openBlobs(folder)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

test('bytes are kept under their SHA-256 and come back', async () => {
  expect(await blobs.put(Buffer.from('abc'))).toBe(abc)
  expect(await blobs.has(abc)).toBe(true)
  expect(Buffer.from(await blobs.get(abc)).toString()).toBe('abc')
  expect(blobs.path(abc)).toBe(join(folder, 'ba', abc.slice(2)))
  expect(readdirSync(join(folder, 'tmp'))).toEqual([])
})

test('the same bytes at the same time are one file', async () => {
  const bytes = Buffer.alloc(100_000, 7)
  const hashes = await Promise.all(Array.from({ length: 8 }, () => blobs.put(bytes)))
  expect(new Set(hashes).size).toBe(1)
  expect(readdirSync(join(folder, 'tmp'))).toEqual([])
})

test('a file is kept by its hash', async () => {
  writeFileSync(join(folder, 'letter'), 'abc')
  expect(await blobs.putFile(join(folder, 'letter'))).toBe(abc)
  expect(await hashFile(blobs.path(abc))).toBe(abc)
})

test('bytes that changed on disk are refused', async () => {
  await blobs.put(Buffer.from('abc'))
  writeFileSync(blobs.path(abc), 'abd')
  await expect(blobs.get(abc)).rejects.toMatchObject({ code: 'blob-corrupt', blame: 'operator' })
})

test('absent and removed bytes are missing', async () => {
  await expect(blobs.get(abc)).rejects.toMatchObject({ code: 'blob-missing' })
  await blobs.put(Buffer.from('abc'))
  await blobs.remove(abc)
  expect(await blobs.has(abc)).toBe(false)
})

test('a hash that somebody made up cannot name a file elsewhere', () => {
  for (const name of ['../../etc/passwd', abc.toUpperCase(), `${abc}0`, ''])
    expect(() => blobs.path(name)).toThrow(expect.objectContaining({ code: 'blob-hash-invalid' }))
})

test('a full disk is a fault worth repeating, and leaves nothing behind', async () => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
  const probe = await fs.open(join(folder, 'probe'), 'w')
  const handles: { sync(): Promise<void> } = Object.getPrototypeOf(probe)
  await probe.close()
  vi.spyOn(handles, 'sync').mockRejectedValueOnce(full)
  await expect(blobs.put(Buffer.from('abc'))).rejects.toMatchObject({ code: 'disk-full', retry: true })
  expect(await blobs.has(abc)).toBe(false)
  expect(readdirSync(join(folder, 'tmp'))).toEqual([])
  expect(await blobs.put(Buffer.from('abc'))).toBe(abc)
})
