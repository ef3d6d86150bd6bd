import { fault } from '../../infra/errors.ts'
import type { Adapter } from '../lora.ts'
import type { Model } from '../model.ts'
import type { Forward } from './forward.ts'
import { KeyValues } from './key-values.ts'
import { PrefixCache } from './prefix-cache.ts'
import { Queue, type ServingLimits } from './queue.ts'

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
  readonly #rows: Running[] = []
  #ready = 0
  #loop: Promise<void> | null = null

  constructor(model: Model, forward: Forward, limits: ServingLimits) {
    this.#model = model
    this.#forward = forward
    this.#limits = limits
    this.#queue = new Queue(limits)
    this.#prefixes = new PrefixCache(limits.prefixBytes)
  }

  status(): SchedulerStatus {
    return {
      running: this.#rows.length,
      waiting: this.#queue.length,
      keyValueBytes: this.#forward.keyValues.bytes,
      bankBytes: this.#forward.banks.bytes,
      prefixBytes: this.#prefixes.bytes,
      prefixHits: this.#prefixes.counts.hits,
    }
  }

  /** Resolves when nothing runs or waits, or after `patience` seconds. */
  async idle(patience = Number.POSITIVE_INFINITY): Promise<void> {
    const until = performance.now() + patience * 1000
    while (this.#loop && performance.now() < until) {
      if (patience === Number.POSITIVE_INFINITY) await this.#loop
      else await Promise.race([this.#loop, this.#stepped()])
    }
  }

  /** Resolves when the event loop has turned once: a step of the batch is one turn. */
  #stepped(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
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
      this.#queue.add({ task, resolve, reject })
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
      }
    }
    // In the same turn as the check above: whoever comes next starts the loop again.
    this.#loop = null
  }

  #leaveCancelled(): void {
    for (const { resolve } of this.#queue.takeCancelled()) resolve('cancelled')
    for (let row = this.#rows.length - 1; row >= 0; row--) {
      if (this.#rows[row]!.task.signal?.aborted) this.#leave(row).resolve('cancelled')
    }
  }

  /** Gives rows to waiting sequences, in their order, while rows and memory last. */
  #admit(): void {
    const { config } = this.#model
    const { keyValues } = this.#forward
    while (this.#rows.length < this.#limits.rows) {
      const first = this.#queue.first()
      if (!first) return
      const need = Math.max(keyValues.capacity, first.task.prompt.length + first.task.maxTokens)
      const fits = KeyValues.bytesFor(config, this.#rows.length + 1, need) <= this.#limits.keyValueBytes
      if (!fits && this.#rows.length > 0) return
      if (!fits) keyValues.release()
      const { task, resolve, reject } = this.#queue.shift()!
      keyValues.reserve(
        roomFor(
          this.#rows.length + 1,
          this.#limits.rows,
          rows => KeyValues.bytesFor(config, rows, need) <= this.#limits.keyValueBytes,
        ),
        task.prompt.length + task.maxTokens,
        this.#rows.map(({ fed }) => fed.length),
      )
      const row = this.#rows.length
      const known = this.#prefixes.find(adapterKey(task), task.prompt)
      // The last token is always computed: its logits are not remembered.
      const common = wholeBlocks(Math.min(known?.common ?? 0, task.prompt.length - 1))
      if (known && common > 0) keyValues.recall(row, known.snapshot, known.length, common)
      const fed = task.prompt.slice(0, common)
      this.#rows.push({ task, resolve, reject, fed, fresh: task.prompt.slice(common) })
    }
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
      this.#remember(first + i)
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
    this.#forward.banks.hold(adapters, this.#limits.rows)
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

const adapterKey = ({ adapter }: SequenceTask): string => adapter?.hash ?? ''

/** Rows to make room for: twice as many each time, as far as the limits allow, so that memory is rarely laid out anew. */
function roomFor(rows: number, most: number, fits: (rows: number) => boolean): number {
  const wanted = Math.min(most, 2 ** Math.ceil(Math.log2(rows)))
  return fits(wanted) ? wanted : rows
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`
