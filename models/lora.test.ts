import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModelConfig } from './architectures/config.ts'
import { readConfig } from './architectures/read-config.ts'
import { type Adapter, configFile, initialLora, readAdapter, weightsFile, writeAdapter } from './lora.ts'
import { encodeSafetensors, readSafetensors } from './safetensors.ts'

const golden = join(import.meta.dirname, 'golden/llama-tied')
let config: ModelConfig
let adapter: Adapter
let folder: string

beforeAll(async () => {
  config = await readConfig(join(golden, 'base'))
  adapter = await readAdapter(join(golden, 'adapter'), config)
  folder = await mkdtemp(join(tmpdir(), 'lora-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A copy of the golden adapter whose config or tensors are changed. */
async function changed(
  name: string,
  change: { config?: object; tensors?(tensors: Map<string, Float32Array>): void },
) {
  const own = join(folder, name)
  await cp(join(golden, 'adapter'), own, { recursive: true })
  const text = await readFile(join(own, configFile), 'utf8')
  await writeFile(join(own, configFile), JSON.stringify({ ...JSON.parse(text), ...change.config }))
  const { tensors } = await readSafetensors(join(own, weightsFile))
  const data = new Map([...tensors].map(([tensor, { data }]) => [tensor, data]))
  change.tensors?.(data)
  await writeFile(
    join(own, weightsFile),
    encodeSafetensors(
      [...data].map(([tensor, values]) => [tensor, { shape: tensors.get(tensor)!.shape, data: values }]),
    ),
  )
  return readAdapter(own, config)
}

test('an adapter that was written reads back the same', async () => {
  const hash = await writeAdapter(folder, adapter, 'base', { run: '1' })
  const again = await readAdapter(folder, config)
  expect(again).toEqual({ ...adapter, hash })
})

test('adapter_config.json has the fields that PEFT reads', async () => {
  await writeAdapter(folder, adapter, 'some/base', {})
  expect(JSON.parse(await readFile(join(folder, configFile), 'utf8'))).toMatchObject({
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: 'some/base',
    r: 4,
    lora_alpha: 8,
    bias: 'none',
  })
})

test('the rank-stabilised scale is alpha over the root of the rank', async () => {
  expect(adapter.layout.scale).toBe(2)
  expect((await changed('rslora', { config: { use_rslora: true } })).layout.scale).toBe(4)
})

test('a new adapter changes nothing and follows from its seed', () => {
  const first = initialLora(adapter.layout, 7)
  expect(initialLora(adapter.layout, 7)).toEqual(first)
  expect(initialLora(adapter.layout, 8)).not.toEqual(first)
  for (const { aOffset, bOffset, out, rank, width } of adapter.layout.parts) {
    expect(first.subarray(bOffset, bOffset + out * rank).every(value => value === 0)).toBe(true)
    const a = first.subarray(aOffset, bOffset)
    expect(Math.max(...a.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(width))
    expect(a.some(value => value !== 0)).toBe(true)
  }
})

test.each([
  ['modules_to_save', { modules_to_save: ['lm_head'] }],
  ['use_dora', { use_dora: true }],
  ['bias', { bias: 'all' }],
  ['rank_pattern', { rank_pattern: { q_proj: 2 } }],
  ['peft_type', { peft_type: 'LOHA' }],
])('an adapter with %s is refused', async (field, change) => {
  await expect(changed(field, { config: change })).rejects.toMatchObject({
    code: 'adapter-invalid',
    message: expect.stringContaining(field),
  })
})

test('absent, foreign and non-finite tensors are refused, all in one error', async () => {
  const [first, second] = ['q', 'k'].map(
    name => `base_model.model.model.layers.0.self_attn.${name}_proj.lora_A.weight`,
  )
  const broken = changed('broken', {
    tensors: tensors => {
      tensors.delete(first!)
      tensors.get(second!)![3] = Number.NaN
    },
  })
  await expect(broken).rejects.toMatchObject({
    code: 'adapter-invalid',
    message: expect.stringContaining(`${first} is absent`),
  })
  await expect(broken).rejects.toMatchObject({ message: expect.stringContaining(`${second} is not finite`) })
})

test('a pickle beside the config is not read', async () => {
  const own = join(folder, 'pickle')
  await cp(join(golden, 'adapter'), own, { recursive: true })
  await rm(join(own, weightsFile))
  await writeFile(join(own, 'adapter_model.bin'), 'anything')
  await expect(readAdapter(own, config)).rejects.toMatchObject({ code: 'adapter-invalid' })
})
