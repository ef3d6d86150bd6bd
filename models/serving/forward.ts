import { feedsFor, type Model } from '../model.ts'
import { floats, integers, type Tensor } from '../session.ts'
import { Banks } from './banks.ts'
import { servingGraph } from './graph.ts'
import { KeyValues } from './key-values.ts'
import type { PackedWeights } from './packed-weights.ts'

type Tensors = Readonly<Record<string, Tensor>>

export interface ForwardRun {
  /** First row of the cache and of the banks; the batch is the rows from there on, one for each entry of `tokens`. */
  from: number
  /** New tokens of each row; shorter rows are filled up, at the price of the longest. */
  tokens: readonly (readonly number[])[]
  /** Tokens that each row remembers. */
  past: readonly number[]
  /** Read the rows' adapters from the banks, which hold them. */
  banked: boolean
  /** Frozen weights, or those with one adapter merged in (default: the model's). */
  weights?: Tensors
  /** Return logits after every token and not only after the last of each row. */
  every?: boolean
}

/**
 * Products of a small base end before a second thread is awake: with two threads one row of the shipped base took 1.2 times
 * as long in float32 and 2.3 times in int8, and 32 rows were at most a quarter faster. 135M parameters gain from both.
 */
const oneThreadBytes = 64 * 2 ** 20
const stepThreads = (threads: number, packed: PackedWeights | null): number =>
  packed && packed.bytes <= oneThreadBytes ? 1 : threads

/** Runs tokens through a model behind a cache of keys and values, and writes that cache. */
export class Forward {
  readonly keyValues: KeyValues
  readonly banks: Banks
  readonly #model: Model
  readonly #packed: PackedWeights | null

  /** With packed weights `weights` of a run must be absent. */
  constructor(model: Model, packed: PackedWeights | null = null) {
    this.#model = model
    this.#packed = packed
    this.keyValues = new KeyValues(model.config)
    this.banks = new Banks(model.config)
  }

  /** Logits [R, vocabulary]: R is the number of rows, or of all tokens with `every`. */
  async run({ from, tokens, past, banked, weights, every }: ForwardRun): Promise<Float32Array> {
    const { config } = this.#model
    const count = tokens.length
    const lengths = tokens.map(({ length }) => length)
    const time = Math.max(...lengths)
    const packed = this.#packed
    const session = await this.#model.session(
      `serving ${packed?.kind ?? 'fed'} ${banked}`,
      () => servingGraph(config, { banked, packed }),
      { planned: true, threads: stepThreads(this.#model.threads, packed) },
    )
    const wanted = every
      ? Int32Array.from({ length: count * time }, (_, i) => i)
      : Int32Array.from(lengths, (length, row) => row * time + length - 1)
    const own: Record<string, Tensor> = {
      tokens: integers(filled(tokens, time), [count, time]),
      positions: positionsOf(past, time, config.context),
      mask: maskOf(past, this.keyValues.capacity, time, config.heads / config.kvHeads),
      'fresh.range': { type: 'int64', dims: [2], data: BigInt64Array.of(BigInt(-time), endOfAxis) },
      last: integers(wanted, [wanted.length]),
    }
    const cache = this.keyValues.feeds(from, count)
    const rows = banked ? this.banks.feeds(from, count) : {}
    const outputs = await session.run(feedsFor(session, own, cache, rows, weights ?? this.#model.weights))
    this.keyValues.append(outputs, from, past, lengths)
    return outputs.logits!.data as Float32Array
  }
}

/** Past the end of any axis. */
const endOfAxis = 2n ** 62n
/** Finite, because -Infinity times zero would be NaN. */
const hidden = -1e30

/** [B, 1, group * T, C + T]: new tokens see what their row remembers and the new ones up to themselves. */
function maskOf(past: readonly number[], capacity: number, time: number, group: number): Tensor {
  const width = capacity + time
  const data = new Float32Array(past.length * group * time * width)
  for (const [row, seen] of past.entries()) {
    for (let query = 0; query < group * time; query++) {
      const at = (row * group * time + query) * width
      data.fill(hidden, at + seen, at + capacity)
      data.fill(hidden, at + capacity + (query % time) + 1, at + width)
    }
  }
  return floats(data, [past.length, 1, group * time, width])
}

/** Token 0 behind shorter rows: nobody sees it, as attention looks back only, and it is not remembered. */
function filled(tokens: readonly (readonly number[])[], time: number): Int32Array {
  const data = new Int32Array(tokens.length * time)
  for (const [row, own] of tokens.entries()) data.set(own, row * time)
  return data
}

/** [B, T]; filling stays inside the rotary tables. */
function positionsOf(past: readonly number[], time: number, context: number): Tensor {
  const data = BigInt64Array.from({ length: past.length * time }, (_, i) =>
    BigInt(Math.min(context - 1, past[Math.floor(i / time)]! + (i % time))),
  )
  return { type: 'int64', dims: [past.length, time], data }
}

/** One sequence by itself, for programs that need logits and not text. */
export interface Continuation {
  /** Tokens in the cache. */
  readonly length: number
  /** Appends tokens and returns the logits [vocabulary] after the last of them. */
  feed(tokens: readonly number[]): Promise<Float32Array>
  /** Appends tokens and returns the logits after each, [tokens, vocabulary]. */
  feedEvery(tokens: readonly number[]): Promise<Float32Array>
}

/** Starts an empty sequence on a model, with the weights of an adapter or the base's. */
export function startSequence(model: Model, weights: Tensors): Continuation {
  const forward = new Forward(model)
  let length = 0
  const feed = async (tokens: readonly number[], every: boolean): Promise<Float32Array> => {
    forward.keyValues.reserve(1, length + tokens.length, length > 0 ? [length] : [])
    const logits = await forward.run({
      from: 0,
      tokens: [tokens],
      past: [length],
      banked: false,
      weights,
      every,
    })
    length += tokens.length
    return logits
  }
  return {
    get length() {
      return length
    },
    feed: tokens => feed(tokens, false),
    feedEvery: tokens => feed(tokens, true),
  }
}
