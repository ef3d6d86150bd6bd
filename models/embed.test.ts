import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isFault } from '../infra/errors.ts'
import { openBaseFolder, sha256File } from './base.ts'
import { embeddingFolder, openEmbeddingAdapter } from './embed.ts'
import { initialLora, loraLayout, weightsFile, writeAdapter } from './lora.ts'
import { openModel } from './model.ts'
import { openOnnxEngine } from './onnx-engine.ts'

const texts = ['bees make honey', 'wax is built by bees']
const shape = { rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] }
let folder: string
/** The plain base, and the same with an embedding adapter in its folder. */
let plain: string
let adapted: string
let baseHash: string
let hash: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embed-'))
  plain = join(folder, 'plain')
  adapted = join(folder, 'adapted')
  for (const to of [plain, adapted])
    await cp(join(import.meta.dirname, 'golden/llama-tied/base'), to, { recursive: true })
  baseHash = (await openBaseFolder(plain)).hash
  const { config, close } = await openModel(plain, 1)
  await close()
  const layout = loraLayout(config, shape)
  const flat = initialLora(layout, 1).map((value, i) => value + 0.1 * Math.sin(i))
  const to = join(adapted, embeddingFolder)
  await mkdir(to)
  hash = await writeAdapter(to, { shape, layout, flat }, 'tiny', {})
  await writeManifest(adapted, baseHash)
})
afterAll(() => rm(folder, { recursive: true }))

async function writeManifest(base: string, of: string): Promise<void> {
  const files: Record<string, string> = {}
  for (const name of ['adapter_config.json', weightsFile])
    files[name] = await sha256File(join(base, embeddingFolder, name))
  const path = join(base, embeddingFolder, 'manifest.json')
  await writeFile(path, JSON.stringify({ name: 'tiny-embedding', base: of, files }))
}

async function embedded(base: string): Promise<{ vectors: Float32Array[]; status: object }> {
  const engine = await openOnnxEngine({ base, threads: 1 })
  const found = { vectors: await engine.embed(texts), status: engine.status() }
  await engine.close()
  return found
}

const refusal = async (base: string, of = baseHash): Promise<unknown> =>
  openEmbeddingAdapter(base, of).catch((cause: unknown) => cause)

test('the adapter in the folder of the base makes the embeddings, and the status names it', async () => {
  const [one, other] = [await embedded(plain), await embedded(adapted)]
  expect(one.status).toMatchObject({ embedding: 'base' })
  expect(other.status).toMatchObject({ embedding: hash })
  for (const [i, vector] of other.vectors.entries()) {
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5)
    const cosine = vector.reduce((sum, value, d) => sum + value * one.vectors[i]![d]!, 0)
    expect(cosine).toBeLessThan(0.999)
  }
})

test('the base is called what it was called without the adapter', async () => {
  expect((await openBaseFolder(adapted)).hash).toBe(baseHash)
})

test('a changed file is refused', async () => {
  const changed = join(folder, 'changed')
  await cp(adapted, changed, { recursive: true })
  const path = join(changed, embeddingFolder, weightsFile)
  const bytes = await readFile(path)
  bytes[bytes.length - 1]! ^= 1
  await writeFile(path, bytes)
  expect(isFault(await refusal(changed), 'base-corrupt')).toBe(true)
})

test('an adapter that was tuned on another base is refused', async () => {
  expect(await refusal(adapted)).toMatchObject({ hash })
  const error = await refusal(adapted, '0'.repeat(64))
  expect(isFault(error, 'adapter-invalid')).toBe(true)
  expect(String(error)).toContain('another base')
})
