import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fault } from '../../infra/errors.ts'
import { readSafetensors } from '../safetensors.ts'
import { floats, type Tensor } from '../session.ts'
import type { ModelConfig } from './config.ts'

/** The linear layers of a decoder block: module path under the layer, and [out, in]. */
export function linearShapes(
  config: ModelConfig,
): ReadonlyMap<string, readonly [out: number, width: number]> {
  const queries = config.heads * config.headDim
  const keys = config.kvHeads * config.headDim
  return new Map([
    ['self_attn.q_proj', [queries, config.dim]],
    ['self_attn.k_proj', [keys, config.dim]],
    ['self_attn.v_proj', [keys, config.dim]],
    ['self_attn.o_proj', [config.dim, queries]],
    ['mlp.gate_proj', [config.hidden, config.dim]],
    ['mlp.up_proj', [config.hidden, config.dim]],
    ['mlp.down_proj', [config.dim, config.hidden]],
  ] as const)
}

const shapesByConfig = new WeakMap<ModelConfig, Map<string, readonly number[]>>()

/** Hugging Face name to shape, of every tensor that the architecture needs. */
export function weightShapes(config: ModelConfig): ReadonlyMap<string, readonly number[]> {
  const known = shapesByConfig.get(config)
  if (known) return known
  const shapes = new Map<string, readonly number[]>([
    ['model.embed_tokens.weight', [config.vocabulary, config.dim]],
    ['model.norm.weight', [config.dim]],
  ])
  if (!config.tiedHead) shapes.set('lm_head.weight', [config.vocabulary, config.dim])
  const biased = (module: string): boolean =>
    module.startsWith('mlp.')
      ? config.mlpBias
      : module === 'self_attn.o_proj'
        ? config.outputBias
        : config.attentionBias
  for (let layer = 0; layer < config.layers; layer++) {
    const path = `model.layers.${layer}`
    for (const [module, [out, width]] of linearShapes(config)) {
      shapes.set(`${path}.${module}.weight`, [out, width])
      if (biased(module)) shapes.set(`${path}.${module}.bias`, [out])
    }
    shapes.set(`${path}.input_layernorm.weight`, [config.dim])
    shapes.set(`${path}.post_attention_layernorm.weight`, [config.dim])
    if (!config.headNorm) continue
    shapes.set(`${path}.self_attn.q_norm.weight`, [config.headDim])
    shapes.set(`${path}.self_attn.k_norm.weight`, [config.headDim])
  }
  shapesByConfig.set(config, shapes)
  return shapes
}

const indexSchema = z.looseObject({
  weight_map: z.record(z.string(), z.string().regex(/^[\w.-]+\.safetensors$/)),
})

async function weightFiles(folder: string): Promise<string[]> {
  const index = await readFile(join(folder, 'model.safetensors.index.json'), 'utf8').catch(() => null)
  if (index === null) return ['model.safetensors']
  return [...new Set(Object.values(indexSchema.parse(JSON.parse(index)).weight_map))].toSorted()
}

/**
 * Loads the weights of a base as float32 (float32, float16 and bfloat16 files; one file or sharded with an index).
 * Error `base-unsupported` with every absent or misshapen tensor.
 */
export async function readWeights(folder: string, config: ModelConfig): Promise<Map<string, Tensor>> {
  const wanted = weightShapes(config)
  const weights = new Map<string, Tensor>()
  const reasons: string[] = []
  for (const file of await weightFiles(folder)) {
    const { tensors } = await readSafetensors(join(folder, file))
    for (const [name, { shape, data }] of tensors) {
      const want = wanted.get(name)
      if (!want) continue
      if (`${shape}` === `${want}`) weights.set(name, floats(data, want))
      else reasons.push(`${name} has shape [${shape}] instead of [${want}]`)
    }
  }
  for (const name of wanted.keys()) {
    if (!weights.has(name) && !reasons.some(reason => reason.startsWith(`${name} `)))
      reasons.push(`${name} is absent`)
  }
  if (reasons.length > 0) {
    throw fault(
      'base-unsupported',
      `The weights in ${folder} do not fit config.json: ${reasons.slice(0, 8).join('; ')}.`,
      {
        fix: 'Name a complete Hugging Face checkpoint.',
        facts: { folder, reasons: reasons.length },
      },
    )
  }
  return weights
}

/** Rotary angles as [context, headDim / 2] tables of cosine and sine; computed in float64. */
export function ropeTables(config: ModelConfig): { cos: Tensor; sin: Tensor } {
  const half = config.headDim / 2
  const size = config.context * half
  const cos = new Float32Array(size)
  const sin = new Float32Array(size)
  for (let i = 0; i < half; i++) {
    const frequency = scaled(config, config.ropeTheta ** ((-2 * i) / config.headDim))
    for (let position = 0; position < config.context; position++) {
      cos[position * half + i] = Math.cos(position * frequency)
      sin[position * half + i] = Math.sin(position * frequency)
    }
  }
  const dims = [config.context, half]
  return { cos: floats(cos, dims), sin: floats(sin, dims) }
}

/** Llama 3's scaling: wavelengths past the original context are divided by the factor, short ones kept, a ramp between. */
function scaled({ ropeScaling }: ModelConfig, frequency: number): number {
  if (!ropeScaling) return frequency
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = ropeScaling
  const turns = (originalContext * frequency) / (2 * Math.PI)
  const ramp = Math.min(1, Math.max(0, (turns - low) / (high - low)))
  return (1 - ramp) * (frequency / factor) + ramp * frequency
}
