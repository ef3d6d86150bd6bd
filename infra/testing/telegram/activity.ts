import { fault } from '../../errors.ts'
import type { FaultKind } from './faults.ts'
import type { FakeMessage } from './message.ts'

/** A call of the bot that came to its end. */
export interface BotCall {
  readonly method: string
  readonly fields: Readonly<Record<string, unknown>>
  /** False where the answer was an error, or the call never took effect. */
  readonly ok: boolean
  readonly result: unknown
  /** The description of the error. */
  readonly error: string | undefined
  /** The message that it sent or changed. */
  readonly message: FakeMessage | undefined
  readonly fault: FaultKind | undefined
}

export interface WaitOptions {
  /** Milliseconds before the wait fails; 10,000 unless told. */
  readonly timeout?: number
}

export interface SettleOptions extends WaitOptions {
  /** Milliseconds of silence that count as settled; 60 unless told. */
  readonly idle?: number
}

const TIMEOUT = 10_000

/** Watches what the bot does, so that a test waits for it instead of sleeping. */
export class Activity {
  readonly calls: BotCall[] = []
  readonly #counts = new Map<string, number>()
  readonly #watchers = new Set<() => void>()
  readonly #pending: () => string[]
  #open = 0
  #lastAt = performance.now()

  /** `pending` says in words what is not done besides open calls. */
  constructor(pending: () => string[]) {
    this.#pending = pending
  }

  /** Something happened: silence starts anew. */
  stir(): void {
    this.#lastAt = performance.now()
    this.#ask()
  }

  begin(method: string): void {
    this.#counts.set(method, (this.#counts.get(method) ?? 0) + 1)
    // A poll that finds nothing is silence: only the watchers hear of it.
    if (method === 'getUpdates') this.#ask()
    else {
      this.#open += 1
      this.stir()
    }
  }

  end(call: BotCall): void {
    this.calls.push(call)
    if (call.method === 'getUpdates') this.#ask()
    else {
      this.#open -= 1
      this.stir()
    }
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }

  /** Waits until `condition` gives something; it is asked now and after everything that happens. */
  until<T>(condition: () => T | undefined | false, { timeout = TIMEOUT }: WaitOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        let found: T | undefined | false
        try {
          found = condition()
        } catch (error) {
          finish()
          return reject(error)
        }
        if (found === undefined || found === false) return
        finish()
        resolve(found)
      }
      const timer = setTimeout(() => {
        finish()
        reject(this.#tooLong('What was waited for did not happen', timeout))
      }, timeout)
      const finish = () => {
        clearTimeout(timer)
        this.#watchers.delete(check)
      }
      this.#watchers.add(check)
      check()
    })
  }

  /** The next call from now on that a predicate holds for. */
  next(predicate: (call: BotCall) => boolean, options?: WaitOptions): Promise<BotCall> {
    const from = this.calls.length
    return this.until(() => this.calls.slice(from).find(predicate), options)
  }

  /** Waits until no call is open, every update is confirmed, and nothing happened for `idle` milliseconds. */
  async settled({ idle = 60, timeout = TIMEOUT }: SettleOptions = {}): Promise<void> {
    const start = performance.now()
    for (;;) {
      const quiet = performance.now() - this.#lastAt
      const waiting = this.#waiting()
      if (waiting.length === 0 && quiet >= idle) return
      if (performance.now() - start > timeout) throw this.#tooLong('The bot did not settle', timeout)
      const pause = waiting.length === 0 ? Math.ceil(idle - quiet) : 10
      await new Promise(resolve => setTimeout(resolve, Math.max(1, pause)))
    }
  }

  #ask(): void {
    for (const watcher of this.#watchers) watcher()
  }

  #waiting(): string[] {
    return [...(this.#open === 0 ? [] : [`${this.#open} open calls`]), ...this.#pending()]
  }

  #tooLong(what: string, timeout: number) {
    const waiting = this.#waiting().join(', ') || 'nothing is open'
    return fault('telegram-fake-waited', `${what} within ${timeout} ms: ${waiting}.`, {
      fix: 'Look at fake.calls and fake.transcript() for what the bot did.',
      facts: { waiting },
    })
  }
}
