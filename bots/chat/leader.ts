import { createHash } from 'node:crypto'
import type { Log } from '../../infra/log.ts'
import type { Chats } from '../../tools/chats.ts'
import { type Wait, waitByTimer } from './deliver.ts'
import type { Platform } from './platform.ts'

/** Milliseconds between attempts to lead. */
const STAND_BY_MS = 5_000

/**
 * Works whenever this process leads, of all that were started with the same token: `work` connects and starts the desk, and
 * ends when its signal aborts. Another process takes over within a lease's time. Returns what ends it all.
 */
export const keepLeading = ({
  chats,
  platform,
  token,
  log,
  work,
  wait = waitByTimer,
}: {
  chats: Pick<Chats, 'lead'>
  platform: Platform['name']
  token: string
  log: Log
  work(signal: AbortSignal): Promise<void>
  wait?: Wait
}): (() => Promise<void>) => {
  const ending = new AbortController()
  const tokenHash = createHash('sha256').update(token).digest('hex').slice(0, 32)

  const stand = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        await chats.lead(platform, tokenHash, async lost => {
          log.info('chat.leading', { platform })
          await work(AbortSignal.any([lost, ending.signal]))
        })
      } catch (error) {
        log.warn('chat.lead-failed', { platform, kind: error instanceof Error ? error.name : typeof error })
      }
      await wait(STAND_BY_MS, ending.signal).catch(() => {})
    }
  }
  const ended = stand()
  return async () => {
    ending.abort()
    await ended
  }
}

/** Resolves when the signal aborts: what a `work` waits for. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
