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
  /** New tokens of each row, as many for each. With more than one for each row and a past, only one row. */
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

/** Runs tokens through a model behind a cache of keys and values, and writes that cache. */
export class Forward {
  readonly keyValues: KeyValues
  readonly banks: Banks
  readonly #model: Model
  readonly #packed: PackedWeights | null
  /** Logits of the last run; reused, so that a step does not wait for fresh memory. */
  #logits = new Float32Array(0)

  /** With packed weights `weights` of a run must be absent. */
  constructor(model: Model, packed: PackedWeights | null = null) {
    this.#model = model
    this.#packed = packed
    this.keyValues = new KeyValues(model.config)
    this.banks = new Banks(model.config)
  }

  /** Logits [R, vocabulary], which the next run overwrites: R is the number of rows, or of all tokens with `every`. */
  async run({ from, tokens, past, banked, weights, every }: ForwardRun): Promise<Float32Array> {
    const { config } = this.#model
    const count = tokens.length
    const time = tokens[0]!.length
    const packed = this.#packed
    const session = await this.#model.session(
      `serving ${packed?.kind ?? 'fed'} ${banked}`,
      () => servingGraph(config, { banked, packed }),
      { planned: true },
    )
    const wanted = every
      ? Int32Array.from({ length: count * time }, (_, i) => i)
      : Int32Array.from({ length: count }, (_, row) => (row + 1) * time - 1)
    const size = wanted.length * config.vocabulary
    if (this.#logits.length < size) this.#logits = new Float32Array(size)
    const logits = this.#logits.subarray(0, size)
    const { feeds, into } = this.keyValues.bind(from, count)
    const own: Record<string, Tensor> = {
      tokens: integers(Int32Array.from(tokens.flat()), [count, time]),
      seen: integers(
        Int32Array.from(past, seen => seen + time - 1),
        [count],
      ),
      total: integers(Int32Array.of(Math.max(...past) + time), [1]),
      last: integers(wanted, [wanted.length]),
    }
    if (session.inputs.includes('positions')) own.positions = positionsOf(past, time)
    const rows = banked ? this.banks.feeds(from, count) : {}
    await session.run(feedsFor(session, own, feeds, rows, weights ?? this.#model.weights), {
      ...into,
      logits: floats(logits, [wanted.length, config.vocabulary]),
    })
    return logits
  }
}

function positionsOf(past: readonly number[], time: number): Tensor {
  const data = BigInt64Array.from({ length: past.length * time }, (_, i) =>
    BigInt(past[Math.floor(i / time)]! + (i % time)),
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
    return logits.slice()
  }
  return {
    get length() {
      return length
    },
    feed: tokens => feed(tokens, false),
    feedEvery: tokens => feed(tokens, true),
  }
}
