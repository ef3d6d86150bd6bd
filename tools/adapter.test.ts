import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256Hex } from '../infra/canonical.ts'
import type { Engine } from '../models/engine.ts'
import { adapterFolder, checkedAdapter } from './adapter.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adapters-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('an adapter is used only while its weights have the hash that was released', async () => {
  const hash = sha256Hex('weights')
  const network = () => ({ folder, engine: {} as Engine })
  await expect(checkedAdapter(network(), hash)).rejects.toMatchObject({
    code: 'adapter-corrupt',
    fix: expect.stringContaining('backup'),
  })
  await mkdir(adapterFolder(folder, hash), { recursive: true })
  await writeFile(join(adapterFolder(folder, hash), 'adapter_model.safetensors'), 'weights')
  expect(await checkedAdapter(network(), hash)).toBe(adapterFolder(folder, hash))
  await writeFile(join(adapterFolder(folder, hash), 'adapter_model.safetensors'), 'other weights')
  await expect(checkedAdapter(network(), hash)).rejects.toMatchObject({ code: 'adapter-corrupt' })
})
