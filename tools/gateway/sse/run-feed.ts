import type { Caller, Network } from '../../context.ts'
import { call } from '../../registry.ts'
import { type RunStatus, run } from '../../run.ts'
import { type SharedPoll, sharedPoll } from './shared-poll.ts'

export interface RunFeed {
  /** The run's state with the points of its loss curve after a step, then what changes, until it has ended or the signal aborts. */
  follow(id: string, after: number, signal: AbortSignal): AsyncGenerator<RunStatus>
}

interface Watched {
  readonly poll: SharedPoll
  watchers: number
  latest: RunStatus | undefined
  points: RunStatus['points']
}

const anybody: Caller = { role: 'anyone', accountId: null, surface: 'api' }

export const hasEnded = ({ state }: RunStatus): boolean => state === 'trained' || state === 'failed'

/** One look at a run a turn, whatever the number of its streams. */
export const openRunFeed = (network: Network, pollMs: number): RunFeed => {
  const watched = new Map<string, Watched>()
  const watch = (id: string): Watched => {
    const look = async (): Promise<boolean> => {
      const { points, ...state } = await call(network, anybody, run, {
        run: id,
        after: one.points.at(-1)?.step ?? 0,
      })
      const { points: _, ...before } = one.latest ?? { points: null }
      const changed = points.length > 0 || JSON.stringify(state) !== JSON.stringify(before)
      one.points = [...one.points, ...points]
      one.latest = { ...state, points: [] }
      return changed
    }
    const failed = (error: unknown) =>
      network.log.warn('run-feed.look-failed', { run: id, error: String(error) })
    const one: Watched = {
      poll: sharedPoll(look, pollMs, failed),
      watchers: 0,
      latest: undefined,
      points: [],
    }
    watched.set(id, one)
    return one
  }
  return {
    async *follow(id, after, signal) {
      const one = watched.get(id) ?? watch(id)
      one.watchers++
      try {
        let cursor = after
        for await (const _ of one.poll.rounds(signal)) {
          const { latest } = one
          if (latest === undefined) continue
          const points = one.points.filter(({ step }) => step > cursor)
          cursor = points.at(-1)?.step ?? cursor
          yield { ...latest, points }
          if (hasEnded(latest)) return
        }
      } finally {
        one.watchers--
        if (one.watchers === 0) watched.delete(id)
      }
    },
  }
}
