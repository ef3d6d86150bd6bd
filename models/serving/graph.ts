import type { ModelConfig } from '../architectures/config.ts'
import { type DecoderInput, decode, headName, weight } from '../architectures/decoder.ts'
import { linearShapes } from '../architectures/weights.ts'
import { product } from '../graph/products.ts'
import { rotate } from '../graph/rope.ts'
import { Tape, type Value } from '../graph/tape.ts'
import { float } from '../onnx.ts'
import type { PackedWeights } from './packed-weights.ts'

/** Names of a layer's cache: fed as `past`, returned as `present` in the very same memory. */
export const cacheName = (which: 'past' | 'present', side: 'k' | 'v', layer: number): string =>
  `${which}.${side}.${layer}`

/** Name of a linear layer's bank: `a` [B, rank, in] or `b` [B, out, rank], one adapter for each row of the batch. */
export const bankName = (side: 'a' | 'b', path: string): string => `bank.${side}.${path}`

export interface ServingGraphOptions {
  /** Every linear layer has a bank of adapters; without, the weights decide alone. */
  banked: boolean
  /** Weights that stand in the graph; null: they are fed. */
  packed: PackedWeights | null
}

/**
 * `logits` [R, V] of the rows `last` [R] (counted over B * T) of B sequences of T new tokens each, after `seen` [B] + 1 - T
 * remembered ones. GroupQueryAttention writes the new keys and values into the cache [B, kvHeads, C, headDim] where it
 * lies, reads each sequence up to its own length, and needs no mask. With T > 1 and a past, B must be 1.
 */
export function servingGraph(config: ModelConfig, { banked, packed }: ServingGraphOptions): Uint8Array {
  const tape = new Tape()
  const tokens = tape.input('tokens', ['B', 'T'], 'int32')
  const rows = (x: Value, width: number): Value => ({ ...x, dims: ['B', 'T', width] })
  const plain = (x: Value, path: string): Value => {
    const [out, width] = shapeOf(config, path)
    if (packed) return packed.product(tape, rows(x, width), path)
    const frozen = weight(tape, config, `${path}.weight`)
    return product(tape, x, frozen, ['B', 'T', out], { transB: true })
  }
  const linear: DecoderInput['linear'] = (x, path) => {
    const y = plain(x, path)
    if (!banked) return y
    const [out, width] = shapeOf(config, path)
    // Modules have ranks of their own: where no adapter of a batch changes one, its banks are a single row of zeros.
    const rank = `rank of ${moduleOf(path)}`
    const a = tape.input(bankName('a', path), ['B', rank, width])
    const b = tape.input(bankName('b', path), ['B', out, rank])
    const u = product(tape, x, a, ['B', 'T', rank], { transB: true })
    return tape.emit('Add', [y, product(tape, u, b, y.dims, { transB: true })], y.dims)
  }
  const hidden = decode(tape, config, { tokens, linear, attend: cachedAttention(tape, config) })
  const flat = tape.emit('Reshape', [hidden, tape.integers([-1, config.dim])], ['N', config.dim])
  const last = tape.emit('Gather', [flat, tape.input('last', ['R'], 'int32')], ['R', config.dim], { axis: 0 })
  const logits = packed
    ? packed.product(tape, last, 'head')
    : product(tape, last, weight(tape, config, headName(config)), ['R', config.vocabulary], { transB: true })
  tape.output('logits', logits)
  return tape.encode('serving')
}

/** `model.layers.3.mlp.up_proj` to `mlp.up_proj`. */
export const moduleOf = (path: string): string => path.split('.').slice(-2).join('.')

function shapeOf(config: ModelConfig, path: string): readonly [out: number, width: number] {
  return linearShapes(config).get(moduleOf(path))!
}

/** Rotation inside the operator where it can (head widths that are multiples of 16), before it elsewhere. */
function cachedAttention(tape: Tape, config: ModelConfig): DecoderInput['attend'] {
  const { heads, kvHeads, headDim } = config
  const inside = headDim % 16 === 0
  const tables = ['cos', 'sin'].map(name => tape.input(`rope.${name}`, [config.context, headDim / 2]))
  const [cos, sin] = tables as [Value, Value]
  const seen = tape.input('seen', ['B'], 'int32')
  const total = tape.input('total', [1], 'int32')
  const turned = (x: Value, count: number): Value => {
    if (inside) return x
    const positions = tape.input('positions', ['B', 'T'], 'int64')
    const swapped = { perm: [0, 2, 1, 3] }
    const apart = tape.emit('Reshape', [x, tape.integers([0, 0, count, headDim])], ['B', 'T', count, headDim])
    const byHead = tape.emit('Transpose', [apart], ['B', count, 'T', headDim], swapped)
    const back = tape.emit('Transpose', [rotate(tape, byHead, { cos, sin, positions })], apart.dims, swapped)
    return tape.emit('Reshape', [back, tape.integers([0, 0, count * headDim])], x.dims)
  }
  return (layer, q, k, v) => {
    const cache = ['B', kvHeads, 'C', headDim]
    const past = (side: 'k' | 'v'): Value => tape.input(cacheName('past', side, layer), cache)
    const inputs = [turned(q, heads), turned(k, kvHeads), v, past('k'), past('v'), seen, total]
    const outputs = tape.emitMany(
      'GroupQueryAttention',
      inside ? [...inputs, cos, sin] : inputs,
      [['B', 'T', heads * headDim], cache, cache],
      {
        num_heads: heads,
        kv_num_heads: kvHeads,
        do_rotary: Number(inside),
        scale: float(1 / Math.sqrt(headDim)),
      },
      'com.microsoft',
    )
    tape.resultInPlace(cacheName('present', 'k', layer), outputs[1]!)
    tape.resultInPlace(cacheName('present', 'v', layer), outputs[2]!)
    return outputs[0]!
  }
}
