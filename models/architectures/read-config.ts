import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fault } from '../../infra/errors.ts'
import type { Family, ModelConfig, RopeScaling } from './config.ts'

const ropeSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().optional(),
  low_freq_factor: z.number().optional(),
  high_freq_factor: z.number().optional(),
  original_max_position_embeddings: z.number().optional(),
})

/** Hugging Face's `config.json`; the older `rope_theta`/`rope_scaling` and the newer `rope_parameters` are both read. */
const configSchema = z.looseObject({
  model_type: z.string(),
  vocab_size: z.int().positive(),
  hidden_size: z.int().positive(),
  intermediate_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  num_key_value_heads: z.int().positive().optional(),
  head_dim: z.int().positive().nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  max_position_embeddings: z.int().positive().default(2048),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().optional(),
  mlp_bias: z.boolean().default(false),
  hidden_act: z.string().default('silu'),
  sliding_window: z.number().nullish(),
  use_sliding_window: z.boolean().optional(),
  partial_rotary_factor: z.number().optional(),
  quantization_config: z.unknown().optional(),
})
type RawConfig = z.infer<typeof configSchema>

const families: readonly Family[] = ['llama', 'mistral', 'qwen2', 'qwen3']

const unsupported = (folder: string, reasons: readonly string[]) =>
  fault('base-unsupported', `The base model in ${folder} cannot be run: ${reasons.join('; ')}.`, {
    fix: `Use a ${families.join(', ')} checkpoint with full-precision safetensors weights.`,
    facts: { folder, reasons: reasons.length },
  })

/** Reads and checks a base's config.json. Error `base-unsupported` with every reason at once. */
export async function readConfig(folder: string): Promise<ModelConfig> {
  let raw: unknown
  try {
    raw = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  } catch (cause) {
    throw fault('base-unsupported', `${folder} has no readable config.json.`, {
      fix: 'Name the folder of a Hugging Face checkpoint.',
      cause,
    })
  }
  const parsed = configSchema.safeParse(raw)
  if (!parsed.success) {
    throw unsupported(
      folder,
      parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`),
    )
  }
  const config = parsed.data
  const reasons = reasonsAgainst(config)
  if (reasons.length > 0) throw unsupported(folder, reasons)
  return toModelConfig(config)
}

function ropeOf(config: RawConfig): z.infer<typeof ropeSchema> {
  return { rope_theta: config.rope_theta, ...config.rope_scaling, ...config.rope_parameters }
}

function reasonsAgainst(config: RawConfig): string[] {
  const reasons: string[] = []
  const heads = config.num_attention_heads
  const rope = ropeOf(config)
  const ropeType = rope.rope_type ?? rope.type ?? 'default'
  const windowed =
    config.model_type === 'mistral'
      ? config.sliding_window
      : config.use_sliding_window && config.sliding_window
  if (!families.includes(config.model_type as Family))
    reasons.push(`the family ${config.model_type} is unknown`)
  if (config.hidden_act !== 'silu') reasons.push(`the activation ${config.hidden_act} is not silu`)
  if (heads % (config.num_key_value_heads ?? heads) !== 0)
    reasons.push('heads are not a multiple of key/value heads')
  if (!config.head_dim && config.hidden_size % heads !== 0)
    reasons.push('the width is not a multiple of the heads')
  if ((config.head_dim ?? config.hidden_size / heads) % 2 !== 0) reasons.push('the head width is odd')
  if (!['default', 'llama3'].includes(ropeType)) reasons.push(`rotary scaling ${ropeType} is not supported`)
  if (ropeType === 'llama3' && !llama3Of(config)) reasons.push('llama3 rotary scaling lacks its factors')
  if (windowed) reasons.push('sliding-window attention is not supported')
  if ((config.partial_rotary_factor ?? 1) !== 1) reasons.push('partial rotary embedding is not supported')
  if (config.quantization_config !== undefined) reasons.push('the weights are quantised')
  return reasons
}

function llama3Of(config: RawConfig): RopeScaling | null {
  const rope = ropeOf(config)
  if ((rope.rope_type ?? rope.type) !== 'llama3') return null
  const {
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: original,
  } = rope
  if (!factor || !low || !high || !original) return null
  return { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext: original }
}

function toModelConfig(config: RawConfig): ModelConfig {
  const family = config.model_type as Family
  const heads = config.num_attention_heads
  // Qwen2 has biases on q, k and v and never on o, whatever its config says.
  const bias = family === 'qwen2' || (config.attention_bias ?? false)
  return {
    family,
    vocabulary: config.vocab_size,
    dim: config.hidden_size,
    hidden: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads: config.num_key_value_heads ?? heads,
    headDim: config.head_dim ?? config.hidden_size / heads,
    normEpsilon: config.rms_norm_eps,
    ropeTheta: ropeOf(config).rope_theta ?? 10_000,
    ropeScaling: llama3Of(config),
    context: config.max_position_embeddings,
    tiedHead: config.tie_word_embeddings,
    attentionBias: bias,
    outputBias: bias && family !== 'qwen2',
    mlpBias: config.mlp_bias,
    headNorm: family === 'qwen3',
  }
}
