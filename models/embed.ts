import { feedsFor, type Model } from './model.ts'
import { packSequences } from './packing.ts'
import { groupsWithin } from './schedule.ts'

const places = 4096

/** Mean of the last hidden state over each sequence's tokens, L2-normalised, [dim] each; an empty sequence gives zeros. */
export async function meanHidden(
  model: Model,
  sequences: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const { dim } = model.config
  const out = sequences.map(() => new Float32Array(dim))
  const lengths = sequences.map(sequence => sequence.length)
  const order = [...lengths.keys()]
    .filter(index => lengths[index]! > 0)
    .toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
  const session = await model.hidden()
  for (const group of groupsWithin(order, lengths, places)) {
    const feeds = packSequences(
      group.map(index => sequences[index]!),
      model.config,
    )
    const hidden = (await session.run(feedsFor(session, feeds, model.weights))).hidden!.data as Float32Array
    let row = 0
    for (const index of group) {
      const mean = out[index]!
      for (let t = 0; t < lengths[index]!; t++, row++) {
        for (let d = 0; d < dim; d++) mean[d]! += hidden[row * dim + d]!
      }
      const norm = Math.hypot(...mean) || 1
      for (let d = 0; d < dim; d++) mean[d]! /= norm
    }
  }
  return out
}
