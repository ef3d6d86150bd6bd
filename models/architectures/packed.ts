import { moveRows, reshape } from '../graph/layout.ts'
import type { ExampleRows } from '../graph/products.ts'
import type { Tape, Value } from '../graph/tape.ts'
import type { ModelConfig } from './config.ts'
import type { AttentionLayout } from './decoder.ts'

/**
 * Packed rows: the tokens of all examples of a batch one after another, [N], without padding; only attention works on
 * a [B, T] rectangle, reached and left by one Gather each. packing.ts makes the index tensors named here.
 */
export function packedLayout(tape: Tape, config: ModelConfig): AttentionLayout {
  const { heads, kvHeads, headDim } = config
  const group = heads / kvHeads
  const real = tape.input('real', ['B', heads, 'T', 1])
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
  return {
    split(x, count) {
      const { index, back } = moves(count)
      return moveRows(tape, reshape(tape, x, [-1, count, headDim], ['N', count, headDim]), {
        index,
        inverse: back,
      })
    },
    join(x) {
      const { index, back } = moves(heads)
      const rows = moveRows(tape, x, { index: back, inverse: index, inverseReal: real })
      return reshape(tape, rows, [-1, heads * headDim], ['N', heads * headDim])
    },
    mask: tape.input('mask', [`${group}*T`, 'T']),
    rotation: {
      cos: tape.input('rope.cos', [config.context, headDim / 2]),
      sin: tape.input('rope.sin', [config.context, headDim / 2]),
      positions: tape.input('positions', ['B', 'T'], 'int64'),
    },
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
