import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import type { Chats, ContributedMessage } from '../../tools/chats.ts'
import { type Wait, waitByTimer } from './deliver.ts'
import type { Place } from './platform.ts'

interface TakeBackParts {
  readonly chats: Pick<Chats, 'takeBack'>
  readonly platform: Place['platform']
  readonly log: Log
  readonly signal: AbortSignal
  readonly wait?: Wait
}

/** Tries, a second apart: a message can be deleted while the rows made of it are still being taken in. */
const TRIES = 60

/** Takes back what was contributed of a deleted message. Throws what no further try mends. */
export const takeBack = async (
  { chats, platform, log, signal, wait = waitByTimer }: TakeBackParts,
  contributed: ContributedMessage,
): Promise<void> => {
  for (let left = TRIES; left > 0 && !signal.aborted; left--) {
    try {
      const outcome = await chats.takeBack(platform, contributed)
      if (outcome === 'taken') log.info('chat.taken-back', { platform, update: contributed.update })
      if (outcome !== 'not-yet') return
    } catch (error) {
      if (!isFault(error) || !error.retry) throw error
    }
    await wait(1_000, signal).catch(() => {})
  }
  log.warn('chat.not-taken-back', { platform, update: contributed.update })
}
