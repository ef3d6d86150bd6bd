import { fault } from '../../errors.ts'
import type { StoredMessage } from './world.ts'

/** What happened at the fake, told to those who wait for it. */
export type FakeEvent =
  /** A request was answered; `status` is null where the answer was lost on purpose. */
  | { readonly kind: 'request'; readonly route: string; readonly status: number | null }
  | {
      readonly kind: 'message' | 'edit' | 'delete'
      readonly channel: string
      readonly message: StoredMessage['message']
    }
  /** The bot answered an interaction; `type` is the callback's. */
  | { readonly kind: 'callback'; readonly interaction: string; readonly type: number }
  | { readonly kind: 'typing'; readonly channel: string }
  | { readonly kind: 'reaction'; readonly message: string; readonly emoji: string; readonly person: string }
  | { readonly kind: 'connected'; readonly session: string; readonly resumed: boolean }
  | { readonly kind: 'disconnected'; readonly session: string | null; readonly code: number }

export interface SettleOptions {
  /** Milliseconds of silence that count as settled; 40 unless said. */
  readonly idle?: number
  /** The same while an interaction still waits for the bot's answer; 2,000 unless said. */
  readonly thinking?: number
  /** Gives up after so many milliseconds; 10,000 unless said. */
  readonly within?: number
}

export interface Activity {
  /** Notes that a request is open; call what comes back when it is answered. */
  begin(): () => void
  /** Notes that something was sent or received now. */
  touch(): void
  /** Notes that the bot was told to come back after so many milliseconds: the silence until then does not count. */
  expect(milliseconds: number): void
  /** Adds a question asked before the fake counts as settled: a reason why it is not, or null. */
  busyWhile(reason: () => string | null): void
  /** Adds a question whether somebody waits for an answer. */
  thinkingWhile(question: () => boolean): void
  /** Adds something to wait for before silence counts: that what was sent has been read. */
  drainWith(drain: () => Promise<void>): void
  tell(event: FakeEvent): void
  next(predicate: (event: FakeEvent) => boolean, within?: number): Promise<FakeEvent>
  settled(options?: SettleOptions): Promise<void>
  close(): void
}

interface Waiter {
  readonly predicate: (event: FakeEvent) => boolean
  readonly found: (event: FakeEvent) => void
  readonly stop: () => void
}

export const openActivity = (): Activity => {
  const waiters = new Set<Waiter>()
  const reasons: (() => string | null)[] = []
  const questions: (() => boolean)[] = []
  const drains: (() => Promise<void>)[] = []
  let open = 0
  let last = performance.now()
  let closed = false
  const touch = (): void => {
    last = Math.max(last, performance.now())
  }
  reasons.push(() => (open > 0 ? `${open} requests are open` : null))

  return {
    begin() {
      open++
      touch()
      return () => {
        open--
        touch()
      }
    },
    touch,
    expect(milliseconds) {
      last = Math.max(last, performance.now() + milliseconds)
    },
    busyWhile: reason => reasons.push(reason),
    thinkingWhile: question => questions.push(question),
    drainWith: drain => drains.push(drain),
    tell(event) {
      touch()
      for (const waiter of [...waiters]) if (waiter.predicate(event)) waiter.found(event)
    },
    next: (predicate, within = 10_000) =>
      new Promise((resolve, reject) => {
        const end = (finish: () => void): void => {
          clearTimeout(timer)
          waiters.delete(waiter)
          finish()
        }
        const fail = (why: string) => () => reject(tooLate(why))
        const timer = setTimeout(() => end(fail(`Nothing matched in ${within} ms.`)), within)
        const waiter: Waiter = {
          predicate,
          found: event => end(() => resolve(event)),
          stop: () => end(fail('The fake Discord was closed.')),
        }
        waiters.add(waiter)
      }),
    async settled({ idle = 40, thinking = 2_000, within = 10_000 } = {}) {
      const until = performance.now() + within
      let drained = Number.NaN
      for (;;) {
        const busy = reasons.map(reason => reason()).find(reason => reason !== null)
        const enough = questions.some(question => question()) ? thinking : idle
        const rest = busy === undefined ? last + enough - performance.now() : idle
        const silent = busy === undefined && rest <= 0
        if (closed || (silent && drained === last)) return
        if (performance.now() > until) throw tooLate(`Still busy: ${busy ?? 'the bot keeps talking'}.`)
        if (silent) {
          await Promise.race([Promise.all(drains.map(drain => drain())), pause(until - performance.now())])
          touch()
          drained = last
        } else await pause(Math.min(rest, 50))
      }
    },
    close() {
      closed = true
      for (const waiter of [...waiters]) waiter.stop()
    },
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise(done => setTimeout(done, Math.max(milliseconds, 1)).unref())

const tooLate = (message: string) =>
  fault('fake-discord-waits', message, { fix: 'Look at the transcript and at fake.counts().' })
