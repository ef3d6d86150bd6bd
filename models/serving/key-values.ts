import type { ModelConfig } from '../architectures/config.ts'
import { floats, type Tensor } from '../session.ts'
import { cacheName } from './graph.ts'

type Tensors = Record<string, Tensor>

/** Capacities are whole blocks, so that few shapes occur. */
const blockTokens = 64

/** The remembered keys and values of one sequence, by layer and side: [kvHeads, tokens, headDim] each. */
export type Snapshot = readonly Float32Array[]

/**
 * The keys and values of all running sequences: by layer and side [rows, kvHeads, capacity, headDim], a row for each
 * sequence. Graphs read a run of rows where they lie; only what is new is written, token by token.
 */
export class KeyValues {
  readonly #config: ModelConfig
  readonly #names: readonly (readonly [past: string, fresh: string])[]
  #sides: Float32Array[]
  #rows = 0
  #capacity = 0
  /** Feeds by run of rows; the same tensors as long as the memory is. */
  readonly #feeds = new Map<string, Tensors>()

  constructor(config: ModelConfig) {
    this.#config = config
    const layers = [...Array(config.layers).keys()]
    this.#names = layers.flatMap(layer =>
      (['k', 'v'] as const).map(
        side => [cacheName('past', side, layer), cacheName('fresh', side, layer)] as const,
      ),
    )
    this.#sides = this.#names.map(() => new Float32Array(0))
  }

  get capacity(): number {
    return this.#capacity
  }

  /** Bytes of `rows` sequences of up to `tokens` tokens. */
  static bytesFor(config: ModelConfig, rows: number, tokens: number): number {
    const capacity = Math.ceil(tokens / blockTokens) * blockTokens
    return 2 * config.layers * rows * config.kvHeads * capacity * config.headDim * 4
  }

  get bytes(): number {
    return KeyValues.bytesFor(this.#config, this.#rows, this.#capacity)
  }

  /** Makes room for `rows` sequences of `tokens` tokens, and no more; what the first `used.length` rows remember is kept. */
  reserve(rows: number, tokens: number, used: readonly number[]): void {
    const capacity = Math.max(this.#capacity, Math.ceil(tokens / blockTokens) * blockTokens)
    if (rows <= this.#rows && capacity === this.#capacity) return
    this.#lay(rows, capacity, used)
  }

  /** Wipes a row: a number in it that is not finite would reach whoever has the row next, as no mask hides it. */
  clear(row: number): void {
    const size = this.#config.kvHeads * this.#capacity * this.#config.headDim
    for (const side of this.#sides) side.fill(0, row * size, (row + 1) * size)
  }

  /** Gives memory back: room for nothing. */
  release(): void {
    this.#lay(0, 0, [])
  }

  #lay(rows: number, capacity: number, used: readonly number[]): void {
    const { kvHeads, headDim } = this.#config
    const old = this.#capacity
    this.#feeds.clear()
    this.#sides = this.#sides.map(from => {
      const to = new Float32Array(rows * kvHeads * capacity * headDim)
      for (const [row, tokens] of used.entries()) {
        for (let head = row * kvHeads; head < (row + 1) * kvHeads; head++) {
          const part = from.subarray(head * old * headDim, (head * old + tokens) * headDim)
          to.set(part, head * capacity * headDim)
        }
      }
      return to
    })
    this.#rows = rows
    this.#capacity = capacity
  }

  /** Feeds of the rows [from, from + count). */
  feeds(from: number, count: number): Tensors {
    const known = this.#feeds.get(`${from} ${count}`)
    if (known) return known
    const { kvHeads, headDim } = this.#config
    const row = kvHeads * this.#capacity * headDim
    const dims = [count, kvHeads, this.#capacity, headDim]
    const feeds: Tensors = {}
    for (const [i, [past]] of this.#names.entries()) {
      feeds[past] = floats(this.#sides[i]!.subarray(from * row, (from + count) * row), dims)
    }
    this.#feeds.set(`${from} ${count}`, feeds)
    return feeds
  }

  /** Takes the fresh keys and values of the rows from `from` on: the first `lengths[row]` of each, behind its `past`. */
  append(
    outputs: Readonly<Tensors>,
    from: number,
    past: readonly number[],
    lengths: readonly number[],
  ): void {
    const { kvHeads, headDim } = this.#config
    const stride = Math.max(...lengths) * headDim
    for (const [i, [, name]] of this.#names.entries()) {
      const side = this.#sides[i]!
      const fresh = outputs[name]!.data as Float32Array
      for (const [row, seen] of past.entries()) {
        const size = lengths[row]! * headDim
        for (let head = 0; head < kvHeads; head++) {
          const at = (row * kvHeads + head) * stride
          const to = (((from + row) * kvHeads + head) * this.#capacity + seen) * headDim
          // A loop: for the 64 numbers of one token, a view and `set` take three times as long.
          if (size === headDim) for (let j = 0; j < size; j++) side[to + j] = fresh[at + j]!
          else side.set(fresh.subarray(at, at + size), to)
        }
      }
    }
  }

  /** Moves what row `from` remembers (its first `tokens` tokens) to row `to`. */
  move(from: number, to: number, tokens: number): void {
    if (from !== to) this.#put(to, this.#views(from, tokens), tokens)
  }

  /** A copy of the first `tokens` tokens of a row. */
  snapshot(row: number, tokens: number): Snapshot {
    const { kvHeads, headDim } = this.#config
    return this.#views(row, tokens).map(heads => {
      const copy = new Float32Array(kvHeads * tokens * headDim)
      for (const [head, part] of heads.entries()) copy.set(part, head * tokens * headDim)
      return copy
    })
  }

  /** Puts the first `tokens` tokens of a snapshot of `length` tokens into a row. */
  recall(row: number, snapshot: Snapshot, length: number, tokens: number): void {
    const { kvHeads, headDim } = this.#config
    const parts = snapshot.map(side =>
      Array.from({ length: kvHeads }, (_, head) =>
        side.subarray(head * length * headDim, (head * length + tokens) * headDim),
      ),
    )
    this.#put(row, parts, tokens)
  }

  #views(row: number, tokens: number): Float32Array[][] {
    const { kvHeads, headDim } = this.#config
    return this.#sides.map(side =>
      Array.from({ length: kvHeads }, (_, head) => {
        const at = (row * kvHeads + head) * this.#capacity * headDim
        return side.subarray(at, at + tokens * headDim)
      }),
    )
  }

  #put(row: number, parts: readonly (readonly Float32Array[])[], tokens: number): void {
    const { kvHeads, headDim } = this.#config
    for (const [i, side] of this.#sides.entries()) {
      for (let head = 0; head < kvHeads; head++) {
        const at = (row * kvHeads + head) * this.#capacity * headDim
        side.set(parts[i]![head]!.subarray(0, tokens * headDim), at)
      }
    }
  }
}
