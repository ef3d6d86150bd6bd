import type { ModelConfig } from './architectures/config.ts'
import { decode, weight } from './architectures/decoder.ts'
import { packedAttention } from './architectures/packed.ts'
import { normaliseRows, poolRows } from './graph/contrast.ts'
import { type LowRank, linear } from './graph/products.ts'
import { Tape, type TapeOptions } from './graph/tape.ts'
import type { LoraLayout } from './lora.ts'
import { packSequences } from './packing.ts'
import { floats, type Tensor } from './session.ts'

/**
 * `gradient` [size] = `sum` + d(sum of `seed` * embeddings)/d(adapter), the embeddings [S, dim] being normalised means of the
 * last hidden states. With a loss's gradient by its embeddings as `seed`, runs over parts of a batch sum to the gradient of
 * the whole batch's loss (gradient cache, Gao et al. 2021). The layers' weights are fed merged with the adapter, and its
 * matrices beside them, named by `lowRankFeeds`.
 */
export function embeddingStepGraph(
  config: ModelConfig,
  layout: LoraLayout,
  options?: TapeOptions,
): Uint8Array {
  const tape = new Tape(options)
  const lowRank = new Map(
    layout.parts.map(({ path, rank, scale, width, out }): [string, LowRank] => [
      path,
      { a: tape.input(`${path} a`, [rank, width]), b: tape.input(`${path} b`, [out, rank]), scale },
    ]),
  )
  const matrices = [...lowRank.values()].flatMap(({ a, b }) => [tape.watch(a), tape.watch(b)])
  const tokens = tape.input('tokens', ['N'], 'int32')
  const hidden = decode(tape, config, {
    tokens,
    linear: (x, path) => linear(tape, x, weight(tape, config, `${path}.weight`), lowRank.get(path) ?? null),
    attend: packedAttention(tape, config),
  })
  const pooled = normaliseRows(tape, poolRows(tape, hidden, tape.input('average', ['S', 'N'])))
  tape.output('embeddings', pooled)
  const gradients = tape
    .gradients(pooled, tape.input('seed', ['S', config.dim]), matrices)
    .map(gradient => tape.emit('Reshape', [gradient, tape.integers([-1])], ['part']))
  const flat = tape.emit('Concat', gradients, [layout.size], { axis: 0 })
  tape.output('gradient', tape.emit('Add', [flat, tape.input('sum', [layout.size])], [layout.size]))
  return tape.encode('embedding-step')
}

/** The matrices of a flat adapter vector [size] as feeds, where they lie. */
export const lowRankFeeds = (layout: LoraLayout, flat: Float32Array): Record<string, Tensor> =>
  Object.fromEntries(
    layout.parts.flatMap(({ path, rank, width, out, aOffset, bOffset }) => [
      [`${path} a`, floats(flat.subarray(aOffset, bOffset), [rank, width])],
      [`${path} b`, floats(flat.subarray(bOffset, bOffset + out * rank), [out, rank])],
    ]),
  )

/** Packs whole sequences (none empty) with `average` [S, N], which makes the mean of each one's rows. */
export function packForMeans(
  sequences: readonly (readonly number[])[],
  config: ModelConfig,
): Record<string, Tensor> {
  const rows = sequences.reduce((sum, { length }) => sum + length, 0)
  const average = new Float32Array(sequences.length * rows)
  let first = 0
  for (const [s, { length }] of sequences.entries()) {
    average.fill(1 / length, s * rows + first, s * rows + first + length)
    first += length
  }
  return { ...packSequences(sequences, config), average: floats(average, [sequences.length, rows]) }
}
