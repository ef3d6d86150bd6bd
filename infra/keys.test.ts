import { sign, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openKeys } from './keys.ts'

let folder: string
const seedFile = (): string => join(folder, 'keys', 'master-seed')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a folder has one seed, that only its owner can read, and the same keys ever after', () => {
  const first = openKeys(folder)
  expect(statSync(seedFile()).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700)
  const again = openKeys(folder)
  expect(again.seed).toEqual(first.seed)
  const signature = sign(null, Buffer.from('receipt'), first.nodeKey)
  expect(verify(null, Buffer.from('receipt'), again.nodePublicKey, signature)).toBe(true)
})

test('two folders have different keys', () => {
  const other = mkdtempSync(join(tmpdir(), 'tributary-keys-'))
  expect(openKeys(folder).seed).not.toEqual(openKeys(other).seed)
  rmSync(other, { recursive: true, force: true })
})

test('a damaged seed is refused and left as it is', () => {
  openKeys(folder)
  writeFileSync(seedFile(), 'not a seed')
  expect(() => openKeys(folder)).toThrowError(
    expect.objectContaining({ code: 'keys-corrupt', blame: 'operator' }),
  )
  expect(readFileSync(seedFile(), 'utf8')).toBe('not a seed')
})
