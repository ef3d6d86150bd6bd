import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModelConfig } from './architectures/config.ts'
import { readConfig } from './architectures/read-config.ts'
import {
  type Adapter,
  configFile,
  initialLora,
  readAdapter,
  weakened,
  weightsFile,
  writeAdapter,
} from './lora.ts'
import { encodeSafetensors, readSafetensors } from './safetensors.ts'

const golden = join(import.meta.dirname, 'golden/llama-tied')
let base: ModelConfig
let adapter: Adapter
let folder: string

beforeAll(async () => {
  base = await readConfig(join(golden, 'base'))
  adapter = await readAdapter(join(golden, 'adapter'), base)
  folder = await mkdtemp(join(tmpdir(), 'lora-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A copy of the golden adapter whose config or tensors are changed. */
async function changed(
  name: string,
  change: { config?: object; foreign?: string; tensors?(tensors: Map<string, Float32Array>): void },
) {
  const own = join(folder, name)
  await cp(join(golden, 'adapter'), own, { recursive: true })
  const text = await readFile(join(own, configFile), 'utf8')
  await writeFile(join(own, configFile), JSON.stringify({ ...JSON.parse(text), ...change.config }))
  const { tensors } = await readSafetensors(join(own, weightsFile))
  const data = new Map([...tensors].map(([tensor, { data }]) => [tensor, data]))
  change.tensors?.(data)
  if (change.foreign) data.set(change.foreign, new Float32Array(4))
  await writeFile(
    join(own, weightsFile),
    encodeSafetensors(
      [...data].map(([tensor, values]) => [
        tensor,
        { shape: tensors.get(tensor)?.shape ?? [values.length], data: values },
      ]),
    ),
  )
  return readAdapter(own, base)
}

test('an adapter that was written reads back the same', async () => {
  const hash = await writeAdapter(folder, adapter, 'base', { run: '1' })
  const again = await readAdapter(folder, base)
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
  ['fan_in_fan_out', { fan_in_fan_out: true }],
  ['lora_bias', { lora_bias: true }],
  ['init_lora_weights', { init_lora_weights: 'pissa_niter_16' }],
  ['layers_pattern', { layers_to_transform: [1], layers_pattern: 'h' }],
  ['target_modules', { target_modules: [] }],
  ['target_modules', { target_modules: null, target_parameters: ['experts.w1'] }],
  ['layers_to_transform', { target_modules: 'all-linear', layers_to_transform: 1 }],
  ['lm_head', { target_modules: ['q_proj', 'lm_head'] }],
  ['mistyped', { target_modules: ['mistyped'] }],
  ['rank 300', { r: 300 }],
  ['alpha -1', { alpha_pattern: { q_proj: -1 } }],
  ['*q_proj', { rank_pattern: { '*q_proj': 2 } }],
  ['peft_type', { peft_type: 'LOHA' }],
])('an adapter with %s that cannot be followed is refused', async (field, change) => {
  await expect(changed('refused', { config: change })).rejects.toMatchObject({
    code: 'adapter-invalid',
    message: expect.stringContaining(field),
  })
})

test('everything against a config and its weights stands in one error', async () => {
  const own = join(folder, 'many')
  await cp(join(golden, 'adapter'), own, { recursive: true })
  const config = {
    peft_type: 'ADALORA',
    r: 0,
    use_dora: true,
    modules_to_save: ['embed_tokens'],
    bias: 'all',
  }
  await writeFile(
    join(own, configFile),
    JSON.stringify({ ...config, lora_alpha: 1, target_modules: ['q_proj'] }),
  )
  await rm(join(own, weightsFile))
  await writeFile(join(own, 'adapter_model.bin'), 'anything')
  const refused = readAdapter(own, base)
  await expect(refused).rejects.toMatchObject({ code: 'adapter-invalid', facts: { reasons: 6 } })
  for (const reason of [
    'peft_type',
    'r:',
    'use_dora',
    'modules_to_save',
    'bias',
    'adapter_model.bin, a pickle',
  ])
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining(reason) })
})

test('an oversize header is refused before it is read', async () => {
  const own = join(folder, 'oversize')
  await cp(join(golden, 'adapter'), own, { recursive: true })
  const bytes = new Uint8Array(64)
  new DataView(bytes.buffer).setBigUint64(0, 2n ** 40n, true)
  await writeFile(join(own, weightsFile), bytes)
  await expect(readAdapter(own, base)).rejects.toMatchObject({
    code: 'adapter-invalid',
    message: expect.stringContaining('its header is too large'),
  })
})

test.each(['mistral', 'smollm2'])('half-precision tensors are read exactly (%s)', async name => {
  const config = await readConfig(join(import.meta.dirname, 'golden', name, 'base'))
  const half = await readAdapter(join(import.meta.dirname, 'golden', name, 'adapter'), config)
  const again = join(folder, `full-${name}`)
  await mkdir(again)
  await writeAdapter(again, half, 'base', {})
  expect((await readAdapter(again, config)).flat).toEqual(half.flat)
  expect(half.flat.some(value => value !== 0)).toBe(true)
})

test.each(['llama-bias', 'llama-patterns', 'llama3', 'mistral'])(
  'what chooses and scales the layers of %s survives writing and reading',
  async name => {
    const config = await readConfig(join(import.meta.dirname, 'golden', name, 'base'))
    const first = await readAdapter(join(import.meta.dirname, 'golden', name, 'adapter'), config)
    const again = join(folder, `again-${name}`)
    await mkdir(again)
    const hash = await writeAdapter(again, first, 'base', {})
    expect(await readAdapter(again, config)).toEqual({ ...first, hash })
  },
)

test('absent, foreign and non-finite tensors are refused, all in one error', async () => {
  const [first, second] = ['q', 'k'].map(
    name => `base_model.model.model.layers.0.self_attn.${name}_proj.lora_A.weight`,
  )
  const broken = changed('broken', {
    tensors: tensors => {
      tensors.delete(first!)
      tensors.get(second!)![3] = Number.NaN
    },
    foreign: 'base_model.model.lm_head.lora_A.weight',
  })
  await expect(broken).rejects.toMatchObject({
    code: 'adapter-invalid',
    message: expect.stringContaining(`${first} is absent`),
  })
  await expect(broken).rejects.toMatchObject({ message: expect.stringContaining(`${second} is not finite`) })
  await expect(broken).rejects.toMatchObject({
    message: expect.stringContaining(
      '1 tensors that its config does not name, such as base_model.model.lm_head',
    ),
  })
})

test('a pickle beside the config is not read', async () => {
  const own = join(folder, 'pickle')
  await cp(join(golden, 'adapter'), own, { recursive: true })
  await rm(join(own, weightsFile))
  await writeFile(join(own, 'adapter_model.bin'), 'anything')
  await expect(readAdapter(own, base)).rejects.toMatchObject({ code: 'adapter-invalid' })
})

test('an adapter at half its strength has half of every B, all of every A, and is not the one that was read', () => {
  const half = weakened(adapter, 0.5)
  for (const { aOffset, bOffset, out, rank } of adapter.layout.parts) {
    expect(half.flat.subarray(aOffset, bOffset)).toEqual(adapter.flat.subarray(aOffset, bOffset))
    const b = adapter.flat.subarray(bOffset, bOffset + out * rank)
    expect(half.flat.subarray(bOffset, bOffset + out * rank)).toEqual(b.map(value => value / 2))
  }
  expect(half.flat).not.toBe(adapter.flat)
  expect(weakened(adapter, 1)).toBe(adapter)
})
