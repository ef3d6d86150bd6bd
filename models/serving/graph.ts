import type { ModelConfig } from '../architectures/config.ts'
import { type DecoderInput, decode, headName, weight } from '../architectures/decoder.ts'
import { linearShapes } from '../architectures/weights.ts'
import { product } from '../graph/products.ts'
import { Tape, type Value } from '../graph/tape.ts'
import type { PackedWeights } from './packed-weights.ts'

/** Names of a layer's cache: `past` is fed, `fresh` (the new tokens' keys and values) is returned. */
export const cacheName = (which: 'past' | 'fresh', side: 'k' | 'v', layer: number): string =>
  `${which}.${side}.${layer}`

/**
 * Name of a linear layer's bank: `a` [B, rank, in] or `b` [B, rank, out], one adapter for each row of the batch. Both lie as
 * one row of tokens wants them: `a` as few long dot products, `b` as few long rows to add up.
 */
export const bankName = (side: 'a' | 'b', path: string): string => `bank.${side}.${path}`

export interface ServingGraphOptions {
  /** Every linear layer has a bank of adapters; without, the weights decide alone. */
  banked: boolean
  /** Weights that stand in the graph; null: they are fed. */
  packed: PackedWeights | null
}

/**
 * `logits` [R, V] of the rows `last` [R] (counted over B * T) of B sequences of T new tokens each, and the fresh keys and
 * values [B, kvHeads, T, headDim] of every layer. The past [B, kvHeads, C, headDim] is only read: a result is always copied
 * into memory of its own (onnxruntime-node 1.30), so a cache that came back as one would be copied at every token.
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
    const b = tape.input(bankName('b', path), ['B', rank, out])
    const u = product(tape, x, a, ['B', 'T', rank], { transB: true })
    return tape.emit('Add', [y, product(tape, u, b, y.dims)], y.dims)
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

/** Attention to the past and to the new tokens, whose scores share one softmax; `mask` hides unused places of the past. */
function cachedAttention(tape: Tape, config: ModelConfig): DecoderInput['attend'] {
  const { heads, kvHeads, headDim } = config
  const group = heads / kvHeads
  const table = (name: string): Value => tape.input(`rope.${name}`, [config.context, headDim / 2])
  const [cos, sin] = [table('cos'), table('sin')]
  const positions = tape.input('positions', ['B', 'T'], 'int64')
  const mask = tape.input('mask', ['B', 1, 'group*T', 'C+T'])
  // -T and the end of the axis: where the scores of the new tokens begin and end.
  const fresh = tape.input('fresh.range', [2], 'int64')
  const [begin, end] = tape.emitMany('Split', [fresh, tape.integers([1, 1])], [[1], [1]], { axis: 0 }) as [
    Value,
    Value,
  ]
  const alpha = 1 / Math.sqrt(headDim)
  const turned = (x: Value): Value =>
    tape.emit('RotaryEmbedding', [x, positions, cos, sin], x.dims, {}, 'com.microsoft')
  const byHead = (x: Value): Value => {
    const apart = tape.emit(
      'Reshape',
      [x, tape.integers([0, 0, kvHeads, headDim])],
      ['B', 'T', kvHeads, headDim],
    )
    return tape.emit('Transpose', [apart], ['B', kvHeads, 'T', headDim], { perm: [0, 2, 1, 3] })
  }
  const byGroup = (x: Value): Value => {
    const apart = tape.emit(
      'Reshape',
      [x, tape.integers([0, 0, kvHeads, group, headDim])],
      ['B', 'T', kvHeads, group, headDim],
    )
    const moved = tape.emit('Transpose', [apart], ['B', kvHeads, group, 'T', headDim], {
      perm: [0, 2, 3, 1, 4],
    })
    return tape.emit(
      'Reshape',
      [moved, tape.integers([0, kvHeads, -1, headDim])],
      ['B', kvHeads, 'group*T', headDim],
    )
  }
  const flat = (x: Value): Value => {
    const apart = tape.emit(
      'Reshape',
      [x, tape.integers([0, kvHeads, group, -1, headDim])],
      ['B', kvHeads, group, 'T', headDim],
    )
    const moved = tape.emit('Transpose', [apart], ['B', 'T', kvHeads, group, headDim], {
      perm: [0, 3, 1, 2, 4],
    })
    return tape.emit('Reshape', [moved, tape.integers([0, 0, heads * headDim])], ['B', 'T', heads * headDim])
  }
  return (layer, q, k, v) => {
    const rows = ['B', kvHeads, 'group*T'] as const
    const past = (side: 'k' | 'v'): Value =>
      tape.input(cacheName('past', side, layer), ['B', kvHeads, 'C', headDim])
    const queries = byGroup(turned(q))
    const [keys, values] = [byHead(turned(k)), byHead(v)]
    tape.output(cacheName('fresh', 'k', layer), keys)
    tape.output(cacheName('fresh', 'v', layer), values)
    const scores = (to: Value, width: string): Value =>
      product(tape, queries, to, [...rows, width], { transB: true, alpha })
    const both = tape.emit('Concat', [scores(past('k'), 'C'), scores(keys, 'T')], [...rows, 'C+T'], {
      axis: 3,
    })
    const p = tape.emit('Softmax', [tape.emit('Add', [both, mask], both.dims)], both.dims, { axis: -1 })
    const part = (from: Value, to: Value, width: string): Value =>
      tape.emit('Slice', [p, from, to, tape.integers([3])], [...rows, width])
    const remembered = product(tape, part(tape.integers([0]), begin, 'C'), past('v'), [...rows, headDim])
    const added = product(tape, part(begin, end, 'T'), values, [...rows, headDim])
    return flat(tape.emit('Add', [remembered, added], [...rows, headDim]))
  }
}
