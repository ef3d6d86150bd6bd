import type { Api } from 'grammy'
import type { Update } from 'grammy/types'
import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import { faultOfCall, refusalOf } from './refusal.ts'
import { wantedUpdates } from './update.ts'

/** Waits; ends early, without an error, when the signal aborts. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>

export interface PollingParts {
  readonly api: Api
  readonly log: Log
  readonly pause: Pause
  /** Keeps an update. Throws a fault with `retry` where it could not: then Telegram tells it again. */
  handle(update: Update): Promise<void>
}

/** Seconds that Telegram holds a call without news. */
const HOLD_SECONDS = 25
const FIRST_MS = 500
const LONGEST_MS = 30_000
const CONFLICT_MS = 5_000
const PARTING_MS = 3_000

/** The signal as grammY types it: it takes any that has listeners. */
export const signalOf = (signal: AbortSignal) => signal as unknown as NonNullable<Parameters<Api['getMe']>[0]>

/** Whom an update is from: theirs are kept one after the other, in their order. */
const personOf = ({ message, edited_message, callback_query, inline_query }: Update): number =>
  (message ?? edited_message ?? callback_query ?? inline_query)?.from?.id ?? 0

/** Keeps a batch and returns the ids of those that could not be kept, with all later ones of the same person. */
export const keepAll = async (
  updates: readonly Update[],
  { handle, log }: Pick<PollingParts, 'handle' | 'log'>,
): Promise<Set<number>> => {
  const failed = new Set<number>()
  const byPerson = Map.groupBy(updates, personOf)
  const keep = async (list: readonly Update[]): Promise<void> => {
    for (const [at, update] of list.entries()) {
      try {
        await handle(update)
      } catch (error) {
        const code = isFault(error) ? error.code : error instanceof Error ? error.name : 'unknown'
        if (isFault(error) && error.retry) {
          log.warn('telegram.update-not-kept', { update: update.update_id, code })
          for (const later of list.slice(at)) failed.add(later.update_id)
          return
        }
        // Telling it again would fail again and hold up everybody.
        log.error('telegram.update-dropped', { update: update.update_id, code })
      }
    }
  }
  await Promise.all([...byPerson.values()].map(keep))
  return failed
}

/**
 * Asks Telegram for updates until the signal aborts. Asking with a number confirms all updates before it, so the number
 * moves on only behind what was kept: what a crash interrupts is told again, and known by its id.
 */
export const poll = async (parts: PollingParts, signal: AbortSignal): Promise<void> => {
  const { api, log, pause } = parts
  let offset = 0
  let delay = FIRST_MS
  const slowDown = async (least: number): Promise<void> => {
    await pause(Math.max(least, delay), signal)
    delay = Math.min(delay * 2, LONGEST_MS)
  }
  while (!signal.aborted) {
    const updates = await api
      .getUpdates(
        { offset, timeout: HOLD_SECONDS, limit: 100, allowed_updates: wantedUpdates },
        signalOf(signal),
      )
      .catch((error: unknown) => {
        if (!signal.aborted) tellOf(log, error)
        return refusalOf(error)
      })
    if (signal.aborted) break
    if (typeof updates === 'string') {
      await slowDown(updates === 'conflict' ? CONFLICT_MS : 0)
      continue
    }
    const failed = await keepAll(updates, parts)
    const next = failed.size > 0 ? Math.min(...failed) : Math.max(0, ...updates.map(one => one.update_id)) + 1
    if (updates.length > 0) offset = Math.max(offset, next)
    if (failed.size > 0) await slowDown(0)
    else delay = FIRST_MS
  }
  // Confirms what was kept, so that the next process is not told it again; nothing is lost where this fails.
  const patience = signalOf(AbortSignal.timeout(PARTING_MS))
  if (offset > 0) await api.getUpdates({ offset, timeout: 0, limit: 1 }, patience).catch(() => {})
}

const tellOf = (log: Log, error: unknown): void => {
  const { code, facts, fix } = faultOfCall('getUpdates', error)
  if (refusalOf(error) === 'conflict')
    log.warn('telegram.conflict', {
      reason: facts.reason,
      fix: 'Another program polls with this token, or a webhook is set: stop it, or give this node a bot of its own.',
    })
  else log.warn('telegram.polling-failed', { code, reason: facts.reason, fix })
}
