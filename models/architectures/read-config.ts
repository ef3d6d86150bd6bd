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
  partial_rotary_factor: z.number().nullish(),
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
  max_window_layers: z.int().optional(),
  layer_types: z.array(z.string()).nullish(),
  partial_rotary_factor: z.number().nullish(),
  attn_logit_softcapping: z.number().nullish(),
  final_logit_softcapping: z.number().nullish(),
  num_experts: z.number().nullish(),
  num_local_experts: z.number().nullish(),
  n_routed_experts: z.number().nullish(),
  quantization_config: z.unknown().optional(),
})
type RawConfig = z.infer<typeof configSchema>
const fieldsSchema = configSchema.partial()
/** The fields of a config that could be understood. */
type Fields = z.infer<typeof fieldsSchema>

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
  const reasons = parsed.success ? reasonsAgainst(parsed.data) : reasonsAgainstMalformed(raw, parsed.error)
  if (!parsed.success || reasons.length > 0) throw unsupported(folder, reasons)
  return toModelConfig(parsed.data)
}

/** Fields that are not understood, and what speaks against the others. */
function reasonsAgainstMalformed(raw: unknown, error: z.ZodError): string[] {
  const malformed = error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
  if (typeof raw !== 'object' || raw === null) return malformed
  const bad = new Set(error.issues.map(({ path: [field] }) => field))
  const rest = fieldsSchema.safeParse(
    Object.fromEntries(Object.entries(raw).filter(([field]) => !bad.has(field))),
  )
  return [...malformed, ...(rest.success ? reasonsAgainst(rest.data) : [])]
}

function ropeOf(config: Fields): z.infer<typeof ropeSchema> {
  return { rope_theta: config.rope_theta, ...config.rope_scaling, ...config.rope_parameters }
}

/** What the engine cannot compute; a field that is absent speaks against nothing. */
function reasonsAgainst(config: Fields): string[] {
  const rope = ropeOf(config)
  const ropeType = rope.rope_type ?? rope.type ?? 'default'
  const perLayer = Object.values(config.rope_parameters ?? {}).some(isObject)
  const partial = rope.partial_rotary_factor ?? config.partial_rotary_factor ?? 1
  const otherLayers = new Set(config.layer_types ?? [])
  for (const known of ['full_attention', 'sliding_attention']) otherLayers.delete(known)
  const against: readonly (readonly [boolean, string])[] = [
    [
      config.model_type !== undefined && !families.includes(config.model_type as Family),
      `the family ${config.model_type} is unknown`,
    ],
    [(config.hidden_act ?? 'silu') !== 'silu', `the activation ${config.hidden_act} is not silu`],
    ...reasonsAgainstHeads(config),
    [!['default', 'llama3'].includes(ropeType), `rotary scaling ${ropeType} is not supported`],
    [ropeType === 'llama3' && !llama3Of(config), 'llama3 rotary scaling lacks its factors'],
    [perLayer, 'rotary settings that differ between layers are not supported'],
    [partial !== 1, 'partial rotary embedding is not supported'],
    [slides(config), 'sliding-window attention is not supported'],
    [otherLayers.size > 0, `layers of ${[...otherLayers].join(', ')} are not supported`],
    [Boolean(config.attn_logit_softcapping), 'capped attention scores are not supported'],
    [Boolean(config.final_logit_softcapping), 'capped logits are not supported'],
    [
      Boolean(config.num_experts || config.num_local_experts || config.n_routed_experts),
      'mixtures of experts are not supported',
    ],
    [(config.quantization_config ?? null) !== null, 'the weights are quantised'],
  ]
  return against.flatMap(([holds, reason]) => (holds ? [reason] : []))
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

function reasonsAgainstHeads(config: Fields): (readonly [boolean, string])[] {
  const { num_attention_heads: heads, hidden_size: dim, head_dim: own } = config
  if (heads === undefined) return []
  const width = own ?? (dim === undefined ? undefined : dim / heads)
  return [
    [heads % (config.num_key_value_heads ?? heads) !== 0, 'heads are not a multiple of key/value heads'],
    [!own && dim !== undefined && dim % heads !== 0, 'the width is not a multiple of the heads'],
    [width !== undefined && width % 2 === 1, 'the head width is odd'],
  ]
}

/** Whether any layer sees less than the whole context: a window as wide as that hides nothing. */
function slides(config: Fields): boolean {
  const {
    sliding_window: window,
    layer_types: types,
    max_window_layers: full,
    num_hidden_layers: layers,
  } = config
  const context = config.max_position_embeddings ?? 0
  if (window && context > 0 && window >= context) return false
  if (types) return types.includes('sliding_attention')
  if (config.model_type === 'mistral') return Boolean(window)
  // Qwen's first `max_window_layers` layers have whole attention.
  return Boolean(config.use_sliding_window && window && !(full !== undefined && full >= (layers ?? Infinity)))
}

function llama3Of(config: Fields): RopeScaling | null {
  const rope = ropeOf(config)
  if ((rope.rope_type ?? rope.type) !== 'llama3') return null
  const {
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: original,
  } = rope
  if (!factor || !low || !high || !original || high <= low) return null
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
