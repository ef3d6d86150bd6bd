import type { Tape, Value } from '../graph/tape.ts'
import type { ModelConfig } from './config.ts'
import type { AttentionLayout } from './decoder.ts'

/** Names of a layer's cache tensors: `past` is fed, `fresh` (the new tokens' keys and values) is returned. */
export const cacheName = (which: 'past' | 'fresh', side: 'k' | 'v', layer: number): string =>
  `${which}.${side}.${layer}`

/**
 * B sequences of T new tokens each, after up to S remembered ones: rows [N = B * T] in order. The cache is only read here;
 * serve.ts writes the fresh keys and values into it, so that no step copies the past back and forth. The mask hides
 * unused places of the cache, so sequences of different lengths may share a run.
 */
export function cachedLayout(tape: Tape, config: ModelConfig): AttentionLayout {
  const { heads, kvHeads, headDim } = config
  const positions = tape.input('positions', ['B', 'T'], 'int64')
  const batchAndTime = tape.emit('Shape', [positions], [2])
  const swapped = { perm: [0, 2, 1, 3] }
  return {
    split(x, count) {
      const shape = tape.emit('Concat', [batchAndTime, tape.integers([count, headDim])], [4], { axis: 0 })
      const rows = tape.emit('Reshape', [x, shape], ['B', 'T', count, headDim])
      return tape.emit('Transpose', [rows], ['B', count, 'T', headDim], swapped)
    },
    join(x) {
      const byHead = tape.emit('Concat', [batchAndTime, tape.integers([headDim])], [3], { axis: 0 })
      const parts = [tape.emit('Slice', [byHead, tape.integers([0]), tape.integers([1])], [1])]
      parts.push(
        tape.integers([heads]),
        tape.emit('Slice', [byHead, tape.integers([1]), tape.integers([3])], [2]),
      )
      const shape = tape.emit('Concat', parts, [4], { axis: 0 })
      const perHead = tape.emit('Reshape', [x, shape], ['B', heads, 'T', headDim])
      const rows = tape.emit('Transpose', [perHead], ['B', 'T', heads, headDim], swapped)
      return tape.emit('Reshape', [rows, tape.integers([-1, heads * headDim])], ['N', heads * headDim])
    },
    remember(layer, k, v) {
      const together = (side: 'k' | 'v', fresh: Value): Value => {
        const past = tape.input(cacheName('past', side, layer), ['B', kvHeads, 'S', headDim])
        tape.output(cacheName('fresh', side, layer), fresh)
        return tape.emit('Concat', [past, fresh], ['B', kvHeads, 'S+T', headDim], { axis: 2 })
      }
      return { k: together('k', k), v: together('v', v) }
    },
    mask: tape.input('mask', ['B', 1, 'group*T', 'S+T']),
    rotation: {
      cos: tape.input('rope.cos', [config.context, headDim / 2]),
      sin: tape.input('rope.sin', [config.context, headDim / 2]),
      positions,
    },
  }
}
