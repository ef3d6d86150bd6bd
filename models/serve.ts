import { cacheName } from './architectures/cached.ts'
import type { ModelConfig } from './architectures/config.ts'
import { feedsFor, type Model } from './model.ts'
import { floats, integers, type Session, type Tensor } from './session.ts'

type Tensors = Record<string, Tensor>

/** Finite, because -Infinity times zero would be NaN. */
const hidden = -1e30
/** The cache grows by whole blocks, so that few shapes occur. */
const blockTokens = 64

/** The keys and values of one sequence: per layer [1, kvHeads, capacity, headDim], the first `length` places in use. */
class Cache {
  length = 0
  #capacity = 0
  #sides: Tensors = {}
  readonly #config: ModelConfig

  constructor(config: ModelConfig) {
    this.#config = config
    this.#reserve(0)
  }

  get capacity(): number {
    return this.#capacity
  }

  get feeds(): Tensors {
    return this.#sides
  }

  #reserve(tokens: number): void {
    const { layers, kvHeads, headDim } = this.#config
    const old = this.#capacity
    const capacity = Math.ceil(tokens / blockTokens) * blockTokens
    const sides: Tensors = {}
    for (let layer = 0; layer < layers; layer++) {
      for (const side of ['k', 'v'] as const) {
        const name = cacheName('past', side, layer)
        const data = new Float32Array(kvHeads * capacity * headDim)
        const before = this.#sides[name]?.data as Float32Array | undefined
        for (let head = 0; before && head < kvHeads; head++) {
          const from = head * old * headDim
          data.set(before.subarray(from, from + this.length * headDim), head * capacity * headDim)
        }
        sides[name] = floats(data, [1, kvHeads, capacity, headDim])
      }
    }
    this.#capacity = capacity
    this.#sides = sides
  }

  /** Takes the fresh keys and values of `count` new tokens. */
  append(outputs: Tensors, count: number): void {
    const { layers, kvHeads, headDim } = this.#config
    if (this.length + count > this.#capacity) this.#reserve(this.length + count)
    for (let layer = 0; layer < layers; layer++) {
      for (const side of ['k', 'v'] as const) {
        const to = this.#sides[cacheName('past', side, layer)]!.data as Float32Array
        const fresh = outputs[cacheName('fresh', side, layer)]!.data as Float32Array
        for (let head = 0; head < kvHeads; head++) {
          const part = fresh.subarray(head * count * headDim, (head + 1) * count * headDim)
          to.set(part, (head * this.#capacity + this.length) * headDim)
        }
      }
    }
    this.length += count
  }
}

/** [1, 1, group * T, S + T]: new tokens see the used places of the cache and the new ones up to themselves. */
function cacheMask(cache: Cache, time: number, group: number): Tensor {
  const width = cache.capacity + time
  const data = new Float32Array(group * time * width)
  for (let row = 0; row < group * time; row++) {
    data.fill(hidden, row * width + cache.length, row * width + cache.capacity)
    data.fill(hidden, row * width + cache.capacity + (row % time) + 1, (row + 1) * width)
  }
  return floats(data, [1, 1, group * time, width])
}

function feedsAfter(config: ModelConfig, cache: Cache, tokens: readonly number[]): Tensors {
  const time = tokens.length
  const positions = BigInt64Array.from(tokens, (_, i) => BigInt(cache.length + i))
  return {
    ...cache.feeds,
    tokens: integers(Int32Array.from(tokens), [time]),
    positions: { type: 'int64', dims: [1, time], data: positions },
    mask: cacheMask(cache, time, config.heads / config.kvHeads),
    last: integers(new Int32Array([time - 1]), [1]),
  }
}

/** Feeds of a sequence from its start, with nothing remembered. */
export const firstFeeds = (config: ModelConfig, tokens: readonly number[]): Tensors =>
  feedsAfter(config, new Cache(config), tokens)

/** A sequence being continued: feed tokens, read the logits of what comes next. */
export interface Continuation {
  /** Tokens in the cache. */
  readonly length: number
  /** Appends tokens and returns the logits [vocabulary] after the last of them. */
  feed(tokens: readonly number[]): Promise<Float32Array>
}

/** Starts an empty sequence on a model with the weights of an adapter (or the base's). */
export async function startSequence(model: Model, weights: Readonly<Tensors>): Promise<Continuation> {
  const session: Session = await model.nextToken()
  const { config } = model
  const cache = new Cache(config)
  return {
    get length() {
      return cache.length
    },
    async feed(tokens) {
      const outputs = await session.run(feedsFor(session, feedsAfter(config, cache, tokens), weights))
      cache.append(outputs, tokens.length)
      return outputs.logits!.data as Float32Array
    },
  }
}
