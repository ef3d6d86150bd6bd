import { fault } from '../../infra/errors.ts'
import type { Adapter } from '../lora.ts'
import type { Model } from '../model.ts'
import type { Forward } from './forward.ts'
import { KeyValues } from './key-values.ts'
import { PrefixCache } from './prefix-cache.ts'
import { Queue, type ServingLimits } from './queue.ts'

import { Room } from './room.ts'

export { defaultServingLimits, type ServingLimits } from './queue.ts'

/** A sequence to be continued. */
export interface SequenceTask {
  prompt: readonly number[]
  /** Most tokens that will be asked for after the prompt. */
  maxTokens: number
  adapter: Adapter | null
  /** Takes the logits [vocabulary] of what comes next and returns the token to go on with, or null at the end. */
  next(logits: Float32Array): number | null
  signal?: AbortSignal | undefined
}

/** A sequence that has a row of the batch. */
interface Running {
  task: SequenceTask
  resolve(end: 'ended' | 'cancelled'): void
  reject(error: unknown): void
  /** Every token fed so far; their number is what the cache remembers. */
  fed: number[]
  /** Tokens to feed next: what is left of the prompt, or the last token. */
  fresh: number[]
}

/**
 * Prompts are read in blocks of so many tokens, counted from their beginning, and whole blocks are recalled: what a block
 * holds is then the same to the bit whether it was computed or recalled. Running answers wait for one block at most.
 */
const blockTokens = 64
/** Prompts that are read at the same time: products gain little from more than 512 rows, and running answers wait for them. */
const prefillRows = 8

export interface SchedulerStatus {
  running: number
  waiting: number
  /** Bytes of keys and values, of adapter banks and of remembered prefixes. */
  keyValueBytes: number
  bankBytes: number
  prefixBytes: number
  prefixHits: number
}

/**
 * Continuous batching: sequences join and leave between steps, each with its own adapter. Rows [0, ready) of the batch are
 * generating, one token a step together; the rows after them are still reading their prompts, a block at a time.
 */
export class Scheduler {
  readonly #model: Model
  readonly #forward: Forward
  readonly #limits: ServingLimits
  readonly #queue: Queue<SequenceTask>
  readonly #prefixes: PrefixCache
  readonly #room: Room
  readonly #rows: Running[] = []
  #ready = 0
  /** Prompts of which a beginning was recalled. */
  #hits = 0
  #loop: Promise<void> | null = null

  constructor(model: Model, forward: Forward, limits: ServingLimits) {
    this.#model = model
    this.#forward = forward
    this.#limits = limits
    this.#queue = new Queue(limits)
    this.#prefixes = new PrefixCache(limits.prefixBytes)
    this.#room = new Room(model.config, limits)
  }

  status(): SchedulerStatus {
    return {
      running: this.#rows.length,
      waiting: this.#queue.length,
      keyValueBytes: this.#forward.keyValues.bytes,
      bankBytes: this.#forward.banks.bytes,
      prefixBytes: this.#prefixes.bytes,
      prefixHits: this.#hits,
    }
  }

  /** Resolves when nothing runs or waits, or after `patience` seconds. */
  async idle(patience = Number.POSITIVE_INFINITY): Promise<void> {
    const until = performance.now() + patience * 1000
    while (this.#loop && performance.now() < until) {
      await (patience === Number.POSITIVE_INFINITY ? this.#loop : turn())
    }
  }

  /**
   * Continues a sequence until its task ends it or its signal aborts. Errors: `queue-full` (retry after
   * facts.retryAfterSeconds), `memory-exceeded` (it alone is over the limit), and what `task.next` throws.
   */
  async run(task: SequenceTask): Promise<'ended' | 'cancelled'> {
    const tokens = task.prompt.length + task.maxTokens
    const bytes = KeyValues.bytesFor(this.#model.config, 1, tokens)
    if (bytes > this.#limits.keyValueBytes) {
      throw fault('memory-exceeded', `A sequence of ${tokens} tokens needs ${mebibytes(bytes)} of cache.`, {
        fix: `Ask for fewer tokens, or allow the cache more than ${mebibytes(this.#limits.keyValueBytes)}.`,
        facts: { tokens, bytes, limit: this.#limits.keyValueBytes },
      })
    }
    return new Promise((resolve, reject) => {
      this.#queue.add({ task, resolve, reject }, this.#limits.rows - this.#rows.length)
      this.#loop ??= this.#serve()
    })
  }

  async #serve(): Promise<void> {
    await Promise.resolve()
    while (this.#rows.length > 0 || this.#queue.length > 0) {
      try {
        this.#leaveCancelled()
        this.#admit()
        if (this.#ready < this.#rows.length) await this.#prefill()
        if (this.#ready > 0) await this.#decode()
      } catch (error) {
        // A failed run says nothing about which row is at fault, and may have written half of the cache.
        for (const { reject } of this.#rows.splice(0)) reject(error)
        this.#ready = 0
        this.#release()
      }
    }
    // The next one starts narrow again: one long sequence or one large adapter must not cost all that come after it.
    this.#release()
    // In the same turn as the check above: whoever comes next starts the loop again.
    this.#loop = null
  }

  #leaveCancelled(): void {
    for (const { resolve } of this.#queue.takeCancelled()) resolve('cancelled')
    for (let row = this.#rows.length - 1; row >= 0; row--) {
      if (this.#rows[row]!.task.signal?.aborted) this.#leave(row).resolve('cancelled')
    }
  }

  #release(): void {
    this.#forward.keyValues.release()
    this.#forward.banks.release()
  }

  /** Gives rows to waiting sequences, in their order, while rows and memory last. */
  #admit(): void {
    while (this.#rows.length < this.#limits.rows) {
      const first = this.#queue.first()
      if (!first) return
      if (this.#rows.length === 0) this.#release()
      else if (!this.#fits(first.task)) return
      const { task, resolve, reject } = this.#queue.shift()!
      try {
        const common = this.#makeRoom(task)
        const [fed, fresh] = [task.prompt.slice(0, common), task.prompt.slice(common)]
        this.#rows.push({ task, resolve, reject, fed, fresh })
      } catch (error) {
        reject(error)
      }
    }
  }

  /** Whether one more row, as long as this task needs, stays within the limits beside those that run. */
  #fits(task: SequenceTask): boolean {
    const adapters = [...this.#rows.map(row => row.task.adapter), task.adapter]
    return this.#room.fits(adapters, this.#tokens(task))
  }

  /** Tokens of every row once this task has one. */
  #tokens({ prompt, maxTokens }: SequenceTask): number {
    return Math.max(this.#forward.keyValues.capacity, prompt.length + maxTokens)
  }

  /** Room in the cache for one more row, which starts with what is known of its prompt: so many tokens. */
  #makeRoom(task: SequenceTask): number {
    const { keyValues } = this.#forward
    const row = this.#rows.length
    const rows = this.#room.rowsFor(row + 1, this.#tokens(task))
    const used = this.#rows.map(({ fed }) => fed.length)
    keyValues.reserve(rows, task.prompt.length + task.maxTokens, used)
    const known = this.#prefixes.find(adapterKey(task), task.prompt)
    // The last token is always computed: its logits are not remembered.
    const common = wholeBlocks(Math.min(known?.common ?? 0, task.prompt.length - 1))
    if (!known || common === 0) return 0
    this.#hits++
    keyValues.recall(row, known.snapshot, known.length, common)
    return common
  }

  /** Reads the next piece of the first unread prompts: of those that end with it, or of those that do not. */
  async #prefill(): Promise<void> {
    const first = this.#ready
    const ends = ({ fresh }: Running): boolean => fresh.length <= blockTokens
    const unread = this.#rows.slice(first, first + prefillRows)
    const other = unread.findIndex(row => ends(row) !== ends(unread[0]!))
    const rows = other < 0 ? unread : unread.slice(0, other)
    const pieces = rows.map(({ fresh }) => fresh.slice(0, blockTokens))
    const { vocabulary } = this.#model.config
    const logits = await this.#run(first, pieces)
    for (const [i, row] of rows.entries()) {
      row.fed.push(...pieces[i]!)
      row.fresh = row.fresh.slice(pieces[i]!.length)
    }
    if (rows[0]!.fresh.length > 0) return
    this.#ready += rows.length
    // From the last row on: one that leaves is replaced by a row that had its turn.
    for (let i = rows.length - 1; i >= 0; i--) {
      if (Number.isFinite(logits[i * vocabulary])) this.#remember(first + i)
      this.#advance(first + i, logits.subarray(i * vocabulary, (i + 1) * vocabulary))
    }
  }

  /** One token for every row that is generating. */
  async #decode(): Promise<void> {
    const count = this.#ready
    const { vocabulary } = this.#model.config
    const logits = await this.#run(
      0,
      this.#rows.slice(0, count).map(({ fresh }) => fresh),
    )
    for (let row = 0; row < count; row++) this.#rows[row]!.fed.push(...this.#rows[row]!.fresh)
    // From the last row on: one that leaves is replaced by a row that had its turn.
    for (let row = count - 1; row >= 0; row--) {
      this.#advance(row, logits.subarray(row * vocabulary, (row + 1) * vocabulary))
    }
  }

  #run(from: number, tokens: readonly number[][]): Promise<Float32Array> {
    const adapters = this.#rows.map(({ task }) => task.adapter)
    const rows = this.#rows.slice(from, from + tokens.length)
    // Always through the banks: a second graph without them would hold the weights a second time.
    this.#forward.banks.hold(adapters, this.#room.bankRows(adapters))
    return this.#forward.run({ from, tokens, past: rows.map(({ fed }) => fed.length), banked: true })
  }

  /** Takes a row's next token from its logits; a row that ends, fails or was cancelled leaves. */
  #advance(row: number, logits: Float32Array): void {
    const running = this.#rows[row]!
    try {
      if (running.task.signal?.aborted) {
        this.#leave(row).resolve('cancelled')
        return
      }
      const token = running.task.next(logits)
      if (token !== null) {
        running.fresh = [token]
        return
      }
      this.#leave(row).resolve('ended')
    } catch (error) {
      this.#forward.keyValues.clear(row)
      this.#leave(row).reject(error)
    }
  }

  /** Keeps the whole blocks of a prompt for those that begin alike. */
  #remember(row: number): void {
    const { task } = this.#rows[row]!
    const tokens = task.prompt.slice(0, wholeBlocks(task.prompt.length))
    this.#prefixes.put(adapterKey(task), tokens, () => this.#forward.keyValues.snapshot(row, tokens.length))
  }

  /** Takes a row out; the last generating row takes its place, and the last unread one that row's. */
  #leave(row: number): Running {
    const gone = this.#rows[row]!
    let hole = row
    if (row < this.#ready) {
      this.#ready--
      this.#move(this.#ready, row)
      hole = this.#ready
    }
    this.#move(this.#rows.length - 1, hole)
    this.#rows.pop()
    return gone
  }

  #move(from: number, to: number): void {
    if (from === to) return
    this.#forward.keyValues.move(from, to, this.#rows[from]!.fed.length)
    this.#forward.banks.move(from, to)
    this.#rows[to] = this.#rows[from]!
  }
}

const wholeBlocks = (tokens: number): number => tokens - (tokens % blockTokens)

/** Ranks and scales stand in the layout's key: the same matrices under another scale are another adapter. */
const adapterKey = ({ adapter }: SequenceTask): string =>
  adapter ? `${adapter.hash} ${adapter.layout.key}` : ''

/** The event loop turns once for each step of the batch. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`
