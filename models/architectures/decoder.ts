import { add, addBias, gatedSilu } from '../graph/elementwise.ts'
import { lookUp, reshape } from '../graph/layout.ts'
import { rmsNorm } from '../graph/norm.ts'
import type { Tape, Value } from '../graph/tape.ts'
import type { ModelConfig } from './config.ts'
import { weightShapes } from './weights.ts'

export interface DecoderInput {
  /** Token ids, [N] packed or [B, T]; the shapes below are written for [N]. */
  tokens: Value
  /** x [N, in] times the transposed weight of a linear layer, without its bias, by module path: [N, out]. */
  linear(x: Value, path: string): Value
  /** Rotation and causal attention of a layer: q [N, heads * headDim], k and v [N, kvHeads * headDim] to [N, heads * headDim]. */
  attend(layer: number, q: Value, k: Value, v: Value): Value
}

/** A frozen tensor of the base by its Hugging Face name; fed at each run, so that all sessions share one copy. */
export function weight(tape: Tape, config: ModelConfig, name: string): Value {
  const dims = weightShapes(config).get(name)
  if (!dims) throw new Error(`${name} is not part of this architecture.`)
  return tape.input(name, dims)
}

export const headName = (config: ModelConfig): string =>
  config.tiedHead ? 'model.embed_tokens.weight' : 'lm_head.weight'

/** Hidden states [N, dim] (or [B, T, dim]) after the last norm, of a Llama, Mistral, Qwen2 or Qwen3 decoder. */
export function decode(tape: Tape, config: ModelConfig, input: DecoderInput): Value {
  const named = (name: string): Value => weight(tape, config, name)
  const norm = (x: Value, path: string): Value =>
    rmsNorm(tape, x, named(`${path}.weight`), config.normEpsilon)
  const apply = (x: Value, path: string, bias: boolean): Value => {
    const y = input.linear(x, path)
    return bias ? addBias(tape, y, named(`${path}.bias`)) : y
  }
  const normHeads = (x: Value, path: string, heads: number): Value => {
    if (!config.headNorm) return x
    const { headDim } = config
    const rows = x.dims.slice(0, -1)
    const same = rows.map(() => 0)
    const apart = reshape(tape, x, [...same, heads, headDim], [...rows, heads, headDim])
    return reshape(tape, norm(apart, path), [...same, heads * headDim], x.dims)
  }
  let x = lookUp(tape, named('model.embed_tokens.weight'), input.tokens)
  for (let layer = 0; layer < config.layers; layer++) {
    const path = `model.layers.${layer}`
    const own = `${path}.self_attn`
    const h = norm(x, `${path}.input_layernorm`)
    const project = (name: string): Value => apply(h, `${own}.${name}_proj`, config.attentionBias)
    const q = normHeads(project('q'), `${own}.q_norm`, config.heads)
    const k = normHeads(project('k'), `${own}.k_norm`, config.kvHeads)
    const mixed = input.attend(layer, q, k, project('v'))
    x = add(tape, x, apply(mixed, `${own}.o_proj`, config.outputBias))
    const g = norm(x, `${path}.post_attention_layernorm`)
    const gate = apply(g, `${path}.mlp.gate_proj`, config.mlpBias)
    const up = apply(g, `${path}.mlp.up_proj`, config.mlpBias)
    x = add(tape, x, apply(gatedSilu(tape, gate, up), `${path}.mlp.down_proj`, config.mlpBias))
  }
  return norm(x, 'model.norm')
}
