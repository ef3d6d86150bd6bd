import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'

/** Seconds until the second try, doubled for each that follows, up to the longest. */
const FIRST_SECONDS = 10
const LONGEST_SECONDS = 3_600
/** Refusals that no repetition mends, after which a thing is left alone. */
const MOST_REFUSALS = 6

/** Tries many things over and over, each by itself: what fails is tried ever more seldom and keeps nothing from the others. */
export interface Patience {
  /**
   * Does the work unless it is too early for another try, or it was refused too often. Never throws. `dropped`: this was the
   * refusal after which it is not tried again.
   */
  attempt(name: string, work: () => Promise<void>): Promise<'done' | 'failed' | 'waits' | 'dropped'>
}

export const openPatience = (event: string, now: () => Date, log: Log): Patience => {
  const failed = new Map<string, { failures: number; refusals: number; nextAt: number }>()
  return {
    async attempt(name, work) {
      const before = failed.get(name)
      if (before !== undefined && now().getTime() < before.nextAt) return 'waits'
      try {
        await work()
        failed.delete(name)
        return 'done'
      } catch (error) {
        const failures = (before?.failures ?? 0) + 1
        const passing = isFault(error) && error.retry
        const refusals = (before?.refusals ?? 0) + (passing ? 0 : 1)
        const seconds = Math.min(FIRST_SECONDS * 2 ** (failures - 1), LONGEST_SECONDS)
        const dropped = refusals >= MOST_REFUSALS
        const nextAt = dropped ? Number.POSITIVE_INFINITY : now().getTime() + seconds * 1000
        failed.set(name, { failures, refusals, nextAt })
        // Names and codes only: what a platform says may quote people.
        const kind = isFault(error) ? error.code : error instanceof Error ? error.name : typeof error
        log.warn(dropped ? `${event}-dropped` : `${event}-failed`, { name, kind, failures })
        return dropped ? 'dropped' : 'failed'
      }
    },
  }
}
