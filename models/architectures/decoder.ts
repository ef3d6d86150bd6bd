import { attention } from '../graph/attention.ts'
import { add, addBias, gatedSilu } from '../graph/elementwise.ts'
import { lookUp } from '../graph/layout.ts'
import { rmsNorm } from '../graph/norm.ts'
import { type ExampleRows, type LowRank, linear } from '../graph/products.ts'
import { type Rotation, rotate } from '../graph/rope.ts'
import type { Tape, Value } from '../graph/tape.ts'
import type { ModelConfig } from './config.ts'
import { weightShapes } from './weights.ts'

/** How rows of tokens [N, heads * headDim] become heads for attention and back; packed and cached layouts differ here. */
export interface AttentionLayout {
  /** [N, heads * headDim] to [B, heads, T, headDim]. */
  split(x: Value, heads: number): Value
  /** Attention's result to [N, heads * headDim]. */
  join(x: Value): Value
  /** Keys and values of a layer to those that its queries see (a cache puts the past in front). */
  remember?(layer: number, k: Value, v: Value): { k: Value; v: Value }
  mask: Value
  rotation: Rotation
}

export interface DecoderInput {
  /** Token ids [N]. */
  tokens: Value
  layout: AttentionLayout
  /** The low-rank update of a linear layer, by module path such as `model.layers.0.self_attn.q_proj`. */
  lowRank?: ReadonlyMap<string, LowRank>
  /** Keep gradients of the examples apart. */
  examples?: ExampleRows
}

/** A frozen tensor of the base by its Hugging Face name; fed at each run, so that all sessions share one copy. */
export function weight(tape: Tape, config: ModelConfig, name: string): Value {
  const dims = weightShapes(config).get(name)
  if (!dims) throw new Error(`${name} is not part of this architecture.`)
  return tape.input(name, dims)
}

export const headName = (config: ModelConfig): string =>
  config.tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight'

/** Hidden states [N, dim] after the last norm, of a Llama, Mistral, Qwen2 or Qwen3 decoder. */
export function decode(tape: Tape, config: ModelConfig, input: DecoderInput): Value {
  const { layout } = input
  const named = (name: string): Value => weight(tape, config, name)
  const norm = (x: Value, path: string): Value =>
    rmsNorm(tape, x, named(`${path}.weight`), config.normEpsilon)
  const apply = (x: Value, path: string, bias: boolean): Value => {
    const y = linear(tape, x, named(`${path}.weight`), input.lowRank?.get(path) ?? null, input.examples)
    return bias ? addBias(tape, y, named(`${path}.bias`)) : y
  }
  let x = lookUp(tape, named('model.embed_tokens.weight'), input.tokens)
  for (let layer = 0; layer < config.layers; layer++) {
    const path = `model.layers.${layer}`
    const h = norm(x, `${path}.input_layernorm`)
    const project = (name: string, heads: number): Value =>
      layout.split(apply(h, `${path}.self_attn.${name}_proj`, config.attentionBias), heads)
    const turn = (name: 'q' | 'k', heads: number): Value => {
      const split = project(name, heads)
      return rotate(
        tape,
        config.headNorm ? norm(split, `${path}.self_attn.${name}_norm`) : split,
        layout.rotation,
      )
    }
    const q = turn('q', config.heads)
    const own = { k: turn('k', config.kvHeads), v: project('v', config.kvHeads) }
    const { k, v } = layout.remember?.(layer, own.k, own.v) ?? own
    const mixed = layout.join(attention(tape, q, k, v, layout.mask))
    x = add(tape, x, apply(mixed, `${path}.self_attn.o_proj`, config.outputBias))
    const g = norm(x, `${path}.post_attention_layernorm`)
    const gate = apply(g, `${path}.mlp.gate_proj`, config.mlpBias)
    const up = apply(g, `${path}.mlp.up_proj`, config.mlpBias)
    x = add(tape, x, apply(gatedSilu(tape, gate, up), `${path}.mlp.down_proj`, config.mlpBias))
  }
  return norm(x, 'model.norm')
}
