import { setTimeout as after } from 'node:timers/promises'
import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import type { Outcome } from './platform.ts'

/** Waits; rejects when the signal aborts. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>

export const waitByTimer: Wait = (milliseconds, signal) => after(milliseconds, undefined, { signal })

/** The desk stops: what was being answered waits for its next start. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Milliseconds between tries: the first, and the longest. */
const FIRST_MS = 1_000
const LONGEST_MS = 60_000
/** A day: people have stopped waiting, and platforms have forgotten what they could be answered with. */
const GIVE_UP_MS = 86_400_000

/**
 * Sends until the platform can be reached, ever more slowly; `gone` after a day in vain. Throws what a repetition does not
 * mend, and `Stopped`.
 */
export const deliver = async (
  send: () => Promise<Outcome>,
  { wait, signal, log }: { wait: Wait; signal: AbortSignal; log: Log },
): Promise<Outcome> => {
  let waited = 0
  for (let delay = FIRST_MS; ; delay = Math.min(delay * 2, LONGEST_MS)) {
    try {
      return await send()
    } catch (error) {
      if (!isFault(error) || !error.retry) throw error
      if (waited >= GIVE_UP_MS) return { kind: 'gone', reason: 'unreachable' }
      log.warn('chat.unreachable', { code: error.code, milliseconds: delay })
    }
    await wait(delay, signal).catch(() => {})
    if (signal.aborted) throw new Stopped()
    waited += delay
  }
}
