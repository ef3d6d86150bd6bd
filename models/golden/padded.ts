import { cacheName } from '../architectures/cached.ts'
import type { ModelConfig } from '../architectures/config.ts'
import { feedsFor, type Model } from '../model.ts'
import type { StoredTensor } from '../safetensors.ts'
import { floats, integers, type Tensor } from '../session.ts'

/** Finite, because -Infinity times zero would be NaN. */
const hidden = -1e30

/**
 * Logits [B, T, V] of a whole rectangle of tokens [B, T] in one run, filled on either side: filling is hidden from real places,
 * and positions count real places from 0. What stands at filling places means nothing.
 */
export async function paddedLogits(
  model: Model,
  weights: Model['weights'],
  ids: StoredTensor,
  mask: StoredTensor,
): Promise<Float32Array> {
  const { config } = model
  const [batch = 0, time = 0] = ids.shape
  const session = await model.nextToken()
  const own = {
    ...nothingRemembered(config, batch),
    tokens: integers(Int32Array.from(ids.data), [batch * time]),
    positions: positionsOf(mask.data, batch, time),
    mask: maskOf(mask.data, batch, time, config.heads / config.kvHeads),
    last: integers(
      Int32Array.from({ length: batch * time }, (_, row) => row),
      [batch * time],
    ),
  }
  const { logits } = await session.run(feedsFor(session, own, weights))
  return logits!.data as Float32Array
}

function nothingRemembered({ layers, kvHeads, headDim }: ModelConfig, batch: number): Record<string, Tensor> {
  const empty = floats(new Float32Array(0), [batch, kvHeads, 0, headDim])
  return Object.fromEntries(
    Array.from({ length: layers }, (_, layer) =>
      (['k', 'v'] as const).map(side => [cacheName('past', side, layer), empty] as const),
    ).flat(),
  )
}

function positionsOf(real: Float32Array, batch: number, time: number): Tensor {
  const data = new BigInt64Array(batch * time)
  for (let b = 0; b < batch; b++) {
    let next = 0
    for (let at = b * time; at < (b + 1) * time; at++) data[at] = BigInt(real[at] ? next++ : 0)
  }
  return { type: 'int64', dims: [batch, time], data }
}

/** [B, 1, group * T, T]: real places up to the query's own, and the query's own, so that each row of scores has one. */
function maskOf(real: Float32Array, batch: number, time: number, group: number): Tensor {
  const data = new Float32Array(batch * group * time * time)
  for (let row = 0; row < batch * group * time; row++) {
    const b = Math.floor(row / (group * time))
    const query = row % time
    for (let key = 0; key < time; key++) {
      const seen = key === query || (key < query && real[b * time + key])
      if (!seen) data[row * time + key] = hidden
    }
  }
  return floats(data, [batch, 1, group * time, time])
}
