import type { ModelConfig } from '../architectures/config.ts'
import type { Adapter } from '../lora.ts'
import { Banks } from './banks.ts'
import { KeyValues } from './key-values.ts'
import type { ServingLimits } from './queue.ts'

/** What a model's batch may grow to under the limits. */
export class Room {
  readonly #config: ModelConfig
  readonly #limits: ServingLimits

  constructor(config: ModelConfig, limits: ServingLimits) {
    this.#config = config
    this.#limits = limits
  }

  /** Whether rows with these adapters, of `tokens` tokens each, stay within the limits. */
  fits(adapters: readonly (Adapter | null)[], tokens: number): boolean {
    const banks = adapters.length * Banks.bytesOfRow(this.#config, adapters)
    return this.#holds(adapters.length, tokens) && banks <= this.#limits.bankBytes
  }

  /** Rows of cache to lay for `rows`: twice as many each time, as far as they fit, so that memory is rarely laid out anew. */
  rowsFor(rows: number, tokens: number): number {
    const wanted = Math.min(this.#limits.rows, 2 ** Math.ceil(Math.log2(rows)))
    return this.#holds(wanted, tokens) ? wanted : rows
  }

  /** Rows that banks of these adapters may grow to. */
  bankRows(adapters: readonly (Adapter | null)[]): number {
    const most = Math.floor(this.#limits.bankBytes / Banks.bytesOfRow(this.#config, adapters))
    return Math.min(this.#limits.rows, Math.max(adapters.length, most))
  }

  #holds(rows: number, tokens: number): boolean {
    return KeyValues.bytesFor(this.#config, rows, tokens) <= this.#limits.keyValueBytes
  }
}
