import { fault } from '../../../infra/errors.ts'
import type { ModelConfig } from '../../architectures/config.ts'
import { linearShapes } from '../../architectures/weights.ts'
import type { Adapter } from '../../lora.ts'
import type { Model } from '../../model.ts'
import { encodeAs, type GgmlType, type GgufTensor, type GgufValue, writeGguf } from './gguf.ts'

/** Our module names to llama.cpp's. */
const modules: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
}

const fileTypes = { F32: 0, Q4_0: 2, Q8_0: 7 } as const

/**
 * llama.cpp turns neighbouring pairs of a head's numbers, Hugging Face the pairs (j, j + headDim / 2): rows of q and k are
 * put in that order. `rows` [heads * headDim, width].
 */
export function interleaved(rows: Float32Array, heads: number, width: number): Float32Array {
  const out = new Float32Array(rows.length)
  const headDim = rows.length / (heads * width)
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < headDim; i++) {
      const from = head * headDim + (i % 2) * (headDim / 2) + (i >> 1)
      out.set(rows.subarray(from * width, (from + 1) * width), (head * headDim + i) * width)
    }
  }
  return out
}

/** The rows [out, width] of a module as llama.cpp wants them. */
function asLlama(config: ModelConfig, module: string, rows: Float32Array, width: number): Float32Array {
  if (module === 'self_attn.q_proj') return interleaved(rows, config.heads, width)
  if (module === 'self_attn.k_proj') return interleaved(rows, config.kvHeads, width)
  return rows
}

function refuseOthers(config: ModelConfig): void {
  const { family, ropeScaling, attentionBias, outputBias, mlpBias, headNorm } = config
  if (family === 'llama' && !ropeScaling && !attentionBias && !outputBias && !mlpBias && !headNorm) return
  throw fault('base-unsupported', `A base of the family ${family} is not written as GGUF here.`, {
    fix: 'Measure the peer with a plain Llama base.',
    facts: { family },
  })
}

/** Tokens are fed by number, so the vocabulary only has to be as long as the model's and without repetitions. */
const vocabularyOf = (size: number): Record<string, GgufValue> => ({
  'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
  'tokenizer.ggml.pre': { type: 'string', value: 'default' },
  'tokenizer.ggml.tokens': {
    type: 'strings',
    value: Array.from({ length: size }, (_, i) => `<${i}>`),
  },
  'tokenizer.ggml.token_type': { type: 'int32s', value: Array.from({ length: size }, () => 1) },
  'tokenizer.ggml.merges': { type: 'strings', value: ['a b'] },
  'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 0 },
  'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 1 },
})

/** Writes a Llama base for llama.cpp: linear layers, embeddings and head as `type`, norms as float32. Error `base-unsupported`. */
export async function writeLlamaGguf(
  path: string,
  { config, weights }: Model,
  type: GgmlType,
): Promise<void> {
  refuseOthers(config)
  const uint = (value: number): GgufValue => ({ type: 'uint32', value })
  const real = (value: number): GgufValue => ({ type: 'float32', value })
  const metadata: Record<string, GgufValue> = {
    'general.architecture': { type: 'string', value: 'llama' },
    'general.name': { type: 'string', value: 'benchmark' },
    'general.file_type': uint(fileTypes[type]),
    'llama.block_count': uint(config.layers),
    'llama.context_length': uint(config.context),
    'llama.embedding_length': uint(config.dim),
    'llama.feed_forward_length': uint(config.hidden),
    'llama.attention.head_count': uint(config.heads),
    'llama.attention.head_count_kv': uint(config.kvHeads),
    'llama.attention.key_length': uint(config.headDim),
    'llama.attention.value_length': uint(config.headDim),
    'llama.attention.layer_norm_rms_epsilon': real(config.normEpsilon),
    'llama.rope.freq_base': real(config.ropeTheta),
    'llama.rope.dimension_count': uint(config.headDim),
    'llama.vocab_size': uint(config.vocabulary),
    ...vocabularyOf(config.vocabulary),
  }
  const data = (name: string): Float32Array => weights[name]!.data as Float32Array
  const matrix = (name: string, from: string, shape: readonly number[]): GgufTensor => ({
    name,
    shape,
    type,
    bytes: () => encodeAs(type, data(from)),
  })
  const norm = (name: string, from: string): GgufTensor => ({
    name,
    shape: [config.dim],
    type: 'F32',
    bytes: () => encodeAs('F32', data(from)),
  })
  const table = [config.vocabulary, config.dim]
  const tensors = [
    matrix('token_embd.weight', 'model.embed_tokens.weight', table),
    norm('output_norm.weight', 'model.norm.weight'),
    ...(config.tiedHead ? [] : [matrix('output.weight', 'lm_head.weight', table)]),
  ]
  for (let layer = 0; layer < config.layers; layer++) {
    const own = `model.layers.${layer}`
    tensors.push(norm(`blk.${layer}.attn_norm.weight`, `${own}.input_layernorm.weight`))
    tensors.push(norm(`blk.${layer}.ffn_norm.weight`, `${own}.post_attention_layernorm.weight`))
    for (const [module, shape] of linearShapes(config)) {
      tensors.push({
        name: `blk.${layer}.${modules[module]}.weight`,
        shape,
        type,
        bytes: () => encodeAs(type, asLlama(config, module, data(`${own}.${module}.weight`), shape[1])),
      })
    }
  }
  await writeGguf(path, metadata, tensors)
}

/** Writes an adapter of one rank for llama.cpp, which adds its products beside the frozen ones at every step. */
export async function writeLoraGguf(
  path: string,
  { config }: Model,
  { layout, flat }: Adapter,
): Promise<void> {
  const [first] = layout.parts
  const metadata: Record<string, GgufValue> = {
    'general.type': { type: 'string', value: 'adapter' },
    'general.architecture': { type: 'string', value: 'llama' },
    'adapter.type': { type: 'string', value: 'lora' },
    // llama.cpp scales by alpha / rank.
    'adapter.lora.alpha': { type: 'float32', value: first!.scale * first!.rank },
  }
  const tensors = layout.parts.flatMap(({ path: own, rank, out, width, aOffset, bOffset }): GgufTensor[] => {
    const [, layer, module] = /^model\.layers\.(\d+)\.(.+)$/.exec(own)!
    const name = `blk.${layer}.${modules[module!]}.weight`
    const a = flat.subarray(aOffset, bOffset)
    const b = flat.subarray(bOffset, bOffset + out * rank)
    return [
      { name: `${name}.lora_a`, shape: [rank, width], type: 'F32', bytes: () => encodeAs('F32', a) },
      {
        name: `${name}.lora_b`,
        shape: [out, rank],
        type: 'F32',
        bytes: () => encodeAs('F32', asLlama(config, module!, b, rank)),
      },
    ]
  })
  await writeGguf(path, metadata, tensors)
}
