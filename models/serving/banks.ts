import type { ModelConfig } from '../architectures/config.ts'
import { linearShapes } from '../architectures/weights.ts'
import type { Adapter } from '../lora.ts'
import { floats, type Tensor } from '../session.ts'
import { bankName, moduleOf } from './graph.ts'

interface Place {
  path: string
  rank: number
  out: number
  width: number
  /** [rows, rank, in] and [rows, rank, out], the latter with the update's scale in it. */
  a: Float32Array
  b: Float32Array
}

/**
 * The adapters of a batch: each row of the batch has its own place in every bank, so a step reads them where they lie. A
 * gather by slot inside the graph would copy all of them at every token; a place is written once for each sequence.
 */
export class Banks {
  readonly #config: ModelConfig
  #places: Place[] = []
  /** Rank of each module's banks: the largest that was held, 1 where it is zeros. */
  #ranks = new Map<string, number>()
  #rows: (Adapter | null | undefined)[] = []
  /** Feeds by run of rows; the same tensors as long as the memory is. */
  readonly #feeds = new Map<string, Record<string, Tensor>>()

  constructor(config: ModelConfig) {
    this.#config = config
  }

  /** Bytes of one row that can hold each of these adapters. */
  static bytesOfRow(config: ModelConfig, adapters: readonly (Adapter | null)[]): number {
    const ranks = ranksOf(config, adapters, new Map())
    let numbers = 0
    for (const [module, [out, width]] of linearShapes(config)) numbers += ranks.get(module)! * (out + width)
    return 4 * config.layers * numbers
  }

  get bytes(): number {
    return this.#places.reduce((sum, { a, b }) => sum + a.byteLength + b.byteLength, 0)
  }

  /**
   * Makes the first rows of the banks hold these adapters (null: the base alone); what is there already is not written
   * again. Room grows by doubling, up to `most` rows.
   */
  hold(adapters: readonly (Adapter | null)[], most = adapters.length): void {
    this.#reserve(adapters, most)
    for (const [row, adapter] of adapters.entries()) {
      if (this.#rows[row] !== adapter) this.#write(row, adapter)
    }
  }

  /** Feeds of the rows [from, from + count). */
  feeds(from: number, count: number): Record<string, Tensor> {
    const known = this.#feeds.get(`${from} ${count}`)
    if (known) return known
    const feeds: Record<string, Tensor> = {}
    for (const { path, rank, out, width, a, b } of this.#places) {
      const cut = (data: Float32Array, size: number): Float32Array =>
        data.subarray(from * size, (from + count) * size)
      feeds[bankName('a', path)] = floats(cut(a, rank * width), [count, rank, width])
      feeds[bankName('b', path)] = floats(cut(b, out * rank), [count, rank, out])
    }
    this.#feeds.set(`${from} ${count}`, feeds)
    return feeds
  }

  /** Room for the largest rank of each module; grows only, until `release`. */
  #reserve(adapters: readonly (Adapter | null)[], most: number): void {
    const shapes = [...linearShapes(this.#config)]
    const ranks = ranksOf(this.#config, adapters, this.#ranks)
    const held = this.#rows.length
    const rows = adapters.length <= held ? held : Math.max(adapters.length, Math.min(most, 2 * held))
    if (rows === held && [...ranks].every(([module, rank]) => this.#ranks.get(module) === rank)) return
    const places: Place[] = []
    for (let layer = 0; layer < this.#config.layers; layer++) {
      for (const [module, [out, width]] of shapes) {
        const rank = ranks.get(module)!
        const a = new Float32Array(rows * rank * width)
        const b = new Float32Array(rows * out * rank)
        places.push({ path: `model.layers.${layer}.${module}`, rank, out, width, a, b })
      }
    }
    // All at once, when nothing can fail any more.
    this.#places = places
    this.#ranks = ranks
    this.#rows = Array.from({ length: rows }, () => undefined)
    this.#feeds.clear()
  }

  #write(row: number, adapter: Adapter | null): void {
    this.#rows[row] = adapter
    const parts = new Map(adapter?.layout.parts.map(part => [part.path, part]))
    for (const { path, rank, out, width, a, b } of this.#places) {
      const part = parts.get(path)
      b.fill(0, row * out * rank, (row + 1) * out * rank)
      if (!adapter || !part) {
        // Also `a`: a product with it that overflows is not a number, whatever `b` is.
        a.fill(0, row * rank * width, (row + 1) * rank * width)
        continue
      }
      a.fill(0, (row * rank + part.rank) * width, (row + 1) * rank * width)
      a.set(adapter.flat.subarray(part.aOffset, part.bOffset), row * rank * width)
      for (let r = 0; r < part.rank; r++) {
        const to = (row * rank + r) * out
        for (let o = 0; o < out; o++) b[to + o] = part.scale * adapter.flat[part.bOffset + o * part.rank + r]!
      }
    }
  }

  /** Forgets what the rows hold and gives the memory back. */
  release(): void {
    this.#places = []
    this.#feeds.clear()
    this.#ranks = new Map()
    this.#rows = []
  }

  /** Copies a row's adapter to another row, as sequences close ranks. */
  move(from: number, to: number): void {
    const adapter = this.#rows[from]
    if (from === to || adapter === undefined || this.#rows[to] === adapter) return
    for (const { rank, out, width, a, b } of this.#places) {
      a.copyWithin(to * rank * width, from * rank * width, (from + 1) * rank * width)
      b.copyWithin(to * out * rank, from * out * rank, (from + 1) * out * rank)
    }
    this.#rows[to] = adapter
  }
}

/** The rank of each module's banks: the largest of the adapters' and of what was there, at least 1. */
function ranksOf(
  config: ModelConfig,
  adapters: readonly (Adapter | null)[],
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const ranks = new Map([...linearShapes(config).keys()].map(module => [module, before.get(module) ?? 1]))
  for (const { path, rank } of adapters.flatMap(adapter => adapter?.layout.parts ?? [])) {
    const module = moduleOf(path)
    ranks.set(module, Math.max(rank, ranks.get(module)!))
  }
  return ranks
}
