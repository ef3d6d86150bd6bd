import type { Model } from '../model.ts'
import type { StoredTensor } from '../safetensors.ts'
import { startSequence } from '../serving/forward.ts'

/**
 * Logits [B, T, V] of a rectangle of tokens [B, T] that is filled on either side: each row is computed without its filling,
 * positions count from its first real token, and the logits go back to their places (zero where filling stands).
 */
export async function paddedLogits(
  model: Model,
  weights: Model['weights'],
  ids: StoredTensor,
  mask: StoredTensor,
): Promise<Float32Array> {
  const [batch = 0, time = 0] = ids.shape
  const { vocabulary } = model.config
  const out = new Float32Array(batch * time * vocabulary)
  for (let b = 0; b < batch; b++) {
    const places = Array.from({ length: time }, (_, t) => b * time + t).filter(place => mask.data[place])
    const tokens = places.map(place => ids.data[place]!)
    const logits = await startSequence(model, weights).feedEvery(tokens)
    for (const [i, place] of places.entries()) {
      out.set(logits.subarray(i * vocabulary, (i + 1) * vocabulary), place * vocabulary)
    }
  }
  return out
}
