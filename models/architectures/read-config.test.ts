import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from './read-config.ts'
import { readWeights, ropeTables, weightShapes } from './weights.ts'

const golden = join(import.meta.dirname, '../golden')
const plain = {
  model_type: 'llama',
  vocab_size: 320,
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 2,
  num_attention_heads: 4,
}
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'))
})
afterAll(() => rm(folder, { recursive: true }))

const read = async (change: object) => {
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...plain, ...change }))
  return readConfig(folder)
}

test('absent fields have the defaults of Hugging Face', async () => {
  expect(await read({})).toMatchObject({
    kvHeads: 4,
    headDim: 16,
    ropeTheta: 10_000,
    tiedHead: false,
    ropeScaling: null,
  })
})

test('the older and the newer spelling of the rotary settings mean the same', async () => {
  const scaling = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 32 }
  const older = await read({ rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...scaling } })
  const newer = await read({ rope_parameters: { rope_type: 'llama3', rope_theta: 5e5, ...scaling } })
  expect(newer).toEqual(older)
  expect(older.ropeScaling).toEqual({
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContext: 32,
  })
})

test('llama3 scaling keeps the fastest rotation and slows the slowest by the factor', async () => {
  const scaling = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 32 }
  const angle = async (change: object, i: number): Promise<number> => {
    const config = await read(change)
    const { cos, sin } = ropeTables(config)
    const at = config.headDim / 2 + i
    return Math.atan2(Number(sin.data[at]), Number(cos.data[at]))
  }
  const scaled = { rope_scaling: { rope_type: 'llama3', ...scaling } }
  expect(await angle(scaled, 0)).toBeCloseTo(await angle({}, 0), 6)
  expect((await angle({}, 7)) / (await angle(scaled, 7))).toBeCloseTo(8, 3)
})

test('Qwen2 has biases on q, k and v and Qwen3 norms on the heads of q and k', async () => {
  const names = async (family: string) => [
    ...weightShapes(await readConfig(join(golden, family, 'base'))).keys(),
  ]
  expect(await names('qwen2')).toContain('model.layers.0.self_attn.v_proj.bias')
  expect(await names('qwen2')).not.toContain('model.layers.0.self_attn.o_proj.bias')
  expect(await names('qwen3')).toContain('model.layers.2.self_attn.k_norm.weight')
})

test('an unsupported model is refused with every reason at once', async () => {
  const refused = read({
    model_type: 'gemma',
    hidden_act: 'gelu',
    tie_word_embeddings: 'yes',
    num_attention_heads: 6,
    num_key_value_heads: 4,
    rope_scaling: { rope_type: 'yarn', factor: 2 },
    partial_rotary_factor: 0.5,
    layer_types: ['full_attention', 'sliding_attention', 'linear_attention'],
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
    num_experts: 8,
    quantization_config: {},
  })
  await expect(refused).rejects.toMatchObject({ code: 'base-unsupported', facts: { reasons: 13 } })
  const named = ['tie_word_embeddings', 'gemma', 'gelu', 'key/value heads', 'width', 'yarn', 'partial rotary']
  const others = ['sliding-window', 'linear_attention', 'attention scores', 'logits', 'experts', 'quantised']
  for (const reason of [...named, ...others]) {
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining(reason) })
  }
})

test.each([
  [
    'rotary settings by layer type',
    { rope_parameters: { full_attention: { rope_type: 'default' } } },
    'differ between',
  ],
  ['llama3 scaling without its factors', { rope_parameters: { rope_type: 'llama3' } }, 'lacks its factors'],
  [
    'partial rotation among the rotary settings',
    { rope_parameters: { partial_rotary_factor: 0.25 } },
    'partial rotary',
  ],
  ['a window of Mistral', { model_type: 'mistral', sliding_window: 512 }, 'sliding-window'],
  [
    'a window of some layers of Qwen2',
    { model_type: 'qwen2', use_sliding_window: true, sliding_window: 512, max_window_layers: 1 },
    'sliding-window',
  ],
  ['an absent size', { hidden_size: undefined, quantization_config: { bits: 4 } }, 'hidden_size'],
  [
    'quantised weights beside an absent size',
    { hidden_size: undefined, quantization_config: { bits: 4 } },
    'quantised',
  ],
])('%s cannot be run', async (_, change, reason) => {
  await expect(read(change)).rejects.toMatchObject({
    code: 'base-unsupported',
    message: expect.stringContaining(reason),
  })
})

test.each([
  ['a window that is off', { model_type: 'qwen2', use_sliding_window: false, sliding_window: 512 }],
  ['a window as wide as the context', { model_type: 'mistral', sliding_window: 2048 }],
  [
    'a window that no layer has',
    { model_type: 'qwen3', layer_types: ['full_attention', 'full_attention'], sliding_window: 9 },
  ],
  [
    'a window past the last layer',
    { model_type: 'qwen2', use_sliding_window: true, sliding_window: 512, max_window_layers: 2 },
  ],
  [
    'null where nothing is meant',
    { quantization_config: null, num_experts: null, rope_scaling: null, layer_types: null },
  ],
])('%s hides nothing and is read', async (_, change) => {
  expect(await read(change)).toMatchObject({ dim: 64 })
})

test('weights that do not fit the config are refused by name', async () => {
  const base = join(golden, 'llama-tied/base')
  const config = await readConfig(base)
  await expect(readWeights(base, { ...config, layers: 4 })).rejects.toMatchObject({
    code: 'base-unsupported',
    message: expect.stringContaining('model.layers.3.input_layernorm.weight is absent'),
  })
  await expect(readWeights(base, { ...config, dim: 32 })).rejects.toMatchObject({
    message: expect.stringContaining('model.norm.weight has shape [64] instead of [32]'),
  })
})
