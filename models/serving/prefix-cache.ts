import type { Snapshot } from './key-values.ts'

interface Entry {
  adapter: string
  tokens: readonly number[]
  snapshot: Snapshot
  bytes: number
}

/** What a sequence can start from: the first `common` tokens of a snapshot of `length` tokens. */
export interface SharedPrefix {
  snapshot: Snapshot
  length: number
  common: number
}

/**
 * Keys and values of prompts that were computed before, so that a shared system prompt or an earlier turn of a conversation
 * is computed once. Entries belong to one adapter; the least recently used go first.
 */
export class PrefixCache {
  readonly #limit: number
  readonly #entries: Entry[] = []
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The longest known beginning of `tokens` under an adapter (its hash, '' for the base), or null. */
  find(adapter: string, tokens: readonly number[]): SharedPrefix | null {
    let best: Entry | null = null
    let common = 0
    for (const entry of this.#entries) {
      if (entry.adapter !== adapter) continue
      const length = commonLength(entry.tokens, tokens)
      if (length > common) {
        best = entry
        common = length
      }
    }
    if (!best) return null
    this.#entries.splice(this.#entries.indexOf(best), 1)
    this.#entries.push(best)
    return { snapshot: best.snapshot, length: best.tokens.length, common }
  }

  /** Remembers a sequence; `take` copies its keys and values and is called only where they are not known yet. */
  put(adapter: string, tokens: readonly number[], take: () => Snapshot): void {
    if (tokens.length === 0) return
    const own = this.#entries.filter(entry => entry.adapter === adapter)
    if (own.some(entry => commonLength(entry.tokens, tokens) === tokens.length)) return
    const snapshot = take()
    const bytes = snapshot.reduce((sum, side) => sum + side.byteLength, 0)
    if (bytes > this.#limit) return
    for (const entry of own) {
      if (commonLength(entry.tokens, tokens) === entry.tokens.length) this.#drop(entry)
    }
    this.#entries.push({ adapter, tokens: [...tokens], snapshot, bytes })
    this.#bytes += bytes
    while (this.#bytes > this.#limit) this.#drop(this.#entries[0]!)
  }

  #drop(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1)
    this.#bytes -= entry.bytes
  }
}

function commonLength(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length)
  let length = 0
  while (length < most && a[length] === b[length]) length++
  return length
}
