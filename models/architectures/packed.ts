import { attention } from '../graph/attention.ts'
import { moveRows, reshape } from '../graph/layout.ts'
import type { ExampleRows } from '../graph/products.ts'
import { rotate } from '../graph/rope.ts'
import type { Tape, Value } from '../graph/tape.ts'
import type { ModelConfig } from './config.ts'
import type { DecoderInput } from './decoder.ts'

/**
 * Attention over packed rows: the tokens of all examples of a batch one after another, [N], without padding. Only attention
 * works on a [B, T] rectangle, reached and left by one Gather each; packing.ts makes the index tensors named here.
 */
export function packedAttention(tape: Tape, config: ModelConfig): DecoderInput['attend'] {
  const { heads, kvHeads, headDim } = config
  const group = heads / kvHeads
  const real = tape.input('real', ['B', heads, 'T', 1])
  const mask = tape.input('mask', [`${group}*T`, 'T'])
  const rotation = {
    cos: tape.input('rope.cos', [config.context, headDim / 2]),
    sin: tape.input('rope.sin', [config.context, headDim / 2]),
    positions: tape.input('positions', ['B', 'T'], 'int64'),
  }
  const moves = (count: number): { index: Value; back: Value } =>
    count === heads
      ? {
          index: tape.input('q.index', ['B', heads, 'T'], 'int32'),
          back: tape.input('q.back', ['N', heads], 'int32'),
        }
      : {
          index: tape.input('kv.index', ['B', kvHeads, 'T'], 'int32'),
          back: tape.input('kv.back', ['N', kvHeads], 'int32'),
        }
  const split = (x: Value, count: number): Value => {
    const { index, back } = moves(count)
    const apart = reshape(tape, x, [-1, count, headDim], ['N', count, headDim])
    return moveRows(tape, apart, { index, inverse: back })
  }
  return (_, q, k, v) => {
    const turned = (x: Value, count: number): Value => rotate(tape, split(x, count), rotation)
    const mixed = attention(tape, turned(q, heads), turned(k, kvHeads), split(v, kvHeads), mask)
    const { index, back } = moves(heads)
    const rows = moveRows(tape, mixed, { index: back, inverse: index, inverseReal: real })
    return reshape(tape, rows, [-1, heads * headDim], ['N', heads * headDim])
  }
}

/** Names the rows of each example, for gradients that keep examples apart. */
export const exampleRows = (tape: Tape): ExampleRows => ({
  index: tape.input('example.index', ['B', 'T'], 'int32'),
  real: tape.input('example.real', ['B', 'T', 1]),
})

/** The hidden rows that predict an answer token, [M, dim]: the head and its softmax are computed for no other. */
export const answerRows = (tape: Tape, hidden: Value): Value =>
  moveRows(tape, hidden, {
    index: tape.input('answer.index', ['M'], 'int32'),
    inverse: tape.input('answer.back', ['N'], 'int32'),
    inverseReal: tape.input('answer.real', ['N', 1]),
  })
