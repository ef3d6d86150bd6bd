import type { ModelConfig } from '../architectures/config.ts'
import { linearShapes } from '../architectures/weights.ts'
import type { Adapter } from '../lora.ts'
import { floats, type Tensor } from '../session.ts'
import { bankName } from './graph.ts'

interface Place {
  path: string
  out: number
  width: number
  /** [rows, rank, in] and [rows, out, rank], the latter with the update's scale in it. */
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
  #modules: readonly string[] = []
  #rank = 0
  #rows: (Adapter | null | undefined)[] = []

  constructor(config: ModelConfig) {
    this.#config = config
  }

  get bytes(): number {
    return this.#places.reduce((sum, { a, b }) => sum + a.byteLength + b.byteLength, 0)
  }

  /** The modules whose layers have banks. */
  get modules(): readonly string[] {
    return this.#modules
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
    const feeds: Record<string, Tensor> = {}
    const rank = this.#rank
    for (const { path, out, width, a, b } of this.#places) {
      const cut = (data: Float32Array, size: number): Float32Array =>
        data.subarray(from * size, (from + count) * size)
      feeds[bankName('a', path)] = floats(cut(a, rank * width), [count, rank, width])
      feeds[bankName('b', path)] = floats(cut(b, out * rank), [count, out, rank])
    }
    return feeds
  }

  /** Room for the adapters' largest rank and all their modules; grows only, until everything is empty. */
  #reserve(adapters: readonly (Adapter | null)[], most: number): void {
    const parts = adapters.flatMap(adapter => adapter?.layout.parts ?? [])
    const wanted = new Set(parts.map(({ path }) => moduleOf(path)))
    const rank = parts.reduce((most, part) => Math.max(most, part.rank), this.#rank)
    const held = this.#rows.length
    const rows = adapters.length <= held ? held : Math.max(adapters.length, Math.min(most, 2 * held))
    const missing = [...wanted].some(module => !this.#modules.includes(module))
    if (!missing && rank === this.#rank && rows === held) return
    const shapes = [...linearShapes(this.#config)]
    this.#modules = shapes
      .map(([module]) => module)
      .filter(module => wanted.has(module) || this.#modules.includes(module))
    this.#rank = rank
    this.#rows = Array.from({ length: rows }, () => undefined)
    this.#places = []
    for (let layer = 0; layer < this.#config.layers; layer++) {
      for (const [module, [out, width]] of shapes) {
        if (!this.#modules.includes(module)) continue
        const a = new Float32Array(rows * rank * width)
        const b = new Float32Array(rows * out * rank)
        this.#places.push({ path: `model.layers.${layer}.${module}`, out, width, a, b })
      }
    }
  }

  #write(row: number, adapter: Adapter | null): void {
    this.#rows[row] = adapter
    const parts = new Map(adapter?.layout.parts.map(part => [part.path, part]))
    const rank = this.#rank
    for (const { path, out, width, a, b } of this.#places) {
      const part = parts.get(path)
      b.fill(0, row * out * rank, (row + 1) * out * rank)
      if (!adapter || !part) continue
      a.fill(0, (row * rank + part.rank) * width, (row + 1) * rank * width)
      a.set(adapter.flat.subarray(part.aOffset, part.bOffset), row * rank * width)
      for (let o = 0; o < out; o++) {
        const to = (row * out + o) * rank
        const from = part.bOffset + o * part.rank
        for (let r = 0; r < part.rank; r++) b[to + r] = part.scale * adapter.flat[from + r]!
      }
    }
  }

  /** Forgets what the rows hold and gives the memory back. */
  release(): void {
    this.#places = []
    this.#modules = []
    this.#rank = 0
    this.#rows = []
  }

  /** Copies a row's adapter to another row, as sequences close ranks. */
  move(from: number, to: number): void {
    const adapter = this.#rows[from]
    if (from === to || adapter === undefined || this.#rows[to] === adapter) return
    for (const { out, width, a, b } of this.#places) {
      const rank = this.#rank
      a.copyWithin(to * rank * width, from * rank * width, (from + 1) * rank * width)
      b.copyWithin(to * out * rank, from * out * rank, (from + 1) * out * rank)
    }
    this.#rows[to] = adapter
  }
}

/** `model.layers.3.mlp.up_proj` to `mlp.up_proj`. */
const moduleOf = (path: string): string => path.split('.').slice(-2).join('.')
