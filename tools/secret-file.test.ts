import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openSecretFile } from './secret-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'secret-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('a secret is made once, in a file that only its owner reads', () => {
  const first = openSecretFile(folder, 'door', () => 'one').toString()
  expect(openSecretFile(folder, 'door', () => 'two').toString()).toBe(first)
  expect(statSync(join(folder, 'keys', 'door')).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700)
})

it('of two first starts at once, the one that was first is believed by both', () => {
  const late = openSecretFile(folder, 'race', () => {
    openSecretFile(folder, 'race', () => 'the other')
    return 'mine'
  })
  expect(late.toString()).toBe('the other')
  expect(readdirSync(join(folder, 'keys')).sort()).toEqual(['door', 'race'])
})
