import { fault } from '../../infra/errors.ts'

/** What serving may take. */
export interface ServingLimits {
  /** Sequences of one batch. */
  rows: number
  /** Sequences that may wait for a row; more are refused. */
  queue: number
  /** Memory for the keys and values of running sequences. */
  keyValueBytes: number
  /** Memory for the adapters of running sequences. */
  bankBytes: number
  /** Memory for keys and values of prompts that may come again. */
  prefixBytes: number
}

export const defaultServingLimits: ServingLimits = {
  rows: 32,
  queue: 256,
  keyValueBytes: 512 * 2 ** 20,
  bankBytes: 512 * 2 ** 20,
  prefixBytes: 64 * 2 ** 20,
}

export interface Waiting<T> {
  task: T
  resolve(end: 'ended' | 'cancelled'): void
  reject(error: unknown): void
}

/** Weight of the newest of the seconds that an answer took. */
const share = 0.1

/** A bounded first-in first-out queue that tells a refused caller when to come back. */
export class Queue<T extends { signal?: AbortSignal | undefined }> {
  readonly #limits: ServingLimits
  readonly #waiting: Waiting<T>[] = []
  /** Running mean of the seconds from joining to the end. */
  #seconds = 1

  constructor(limits: ServingLimits) {
    this.#limits = limits
  }

  get length(): number {
    return this.#waiting.length
  }

  /** Takes one in while fewer wait than may, and than have a row at once (`free`). Error `queue-full`: try again after facts.retryAfterSeconds. */
  add(waiting: Waiting<T>, free: number): void {
    if (this.#waiting.length >= this.#limits.queue + free) {
      const retryAfterSeconds = Math.max(
        1,
        Math.ceil((this.#seconds * this.#limits.queue) / this.#limits.rows),
      )
      throw fault('queue-full', `${this.#waiting.length} requests are waiting already.`, {
        fix: `Try again in ${retryAfterSeconds} s.`,
        facts: { waiting: this.#waiting.length, retryAfterSeconds },
        retry: true,
      })
    }
    const began = performance.now()
    const { resolve } = waiting
    this.#waiting.push({
      ...waiting,
      resolve: end => {
        this.#seconds += share * ((performance.now() - began) / 1000 - this.#seconds)
        resolve(end)
      },
    })
  }

  first(): Waiting<T> | undefined {
    return this.#waiting[0]
  }

  shift(): Waiting<T> | undefined {
    return this.#waiting.shift()
  }

  /** Takes out those whose signal has aborted. */
  takeCancelled(): Waiting<T>[] {
    const gone = this.#waiting.filter(({ task }) => task.signal?.aborted)
    for (const one of gone) this.#waiting.splice(this.#waiting.indexOf(one), 1)
    return gone
  }
}
