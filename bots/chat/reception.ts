import type { Chats } from '../../tools/chats.ts'
import type { Incoming } from './platform.ts'
import { storable } from './storable.ts'

interface Arrival {
  readonly incoming: Incoming
  resolve(told: 'new' | 'known'): void
  reject(error: unknown): void
}

/** Updates kept in one statement: a flood costs few round trips, and its order holds. */
const MOST_AT_ONCE = 200

/** Keeps updates in the order in which they are told, many in one statement; `kept` hears of each that is new. */
export const openReception = (
  chats: Pick<Chats, 'receive'>,
  platform: string,
  kept: () => void,
): ((incoming: Incoming) => Promise<'new' | 'known'>) => {
  const arrivals: Arrival[] = []
  let busy = false

  const keep = async (): Promise<void> => {
    busy = true
    while (arrivals.length > 0) {
      const now = arrivals.splice(0, MOST_AT_ONCE)
      try {
        const fresh = await chats.receive(
          platform,
          now.map(({ incoming }) => ({
            key: incoming.key,
            chat: incoming.place.chat,
            subject: incoming.person.subject,
            payload: storable(incoming),
          })),
        )
        now.forEach(({ resolve }, at) => {
          resolve(fresh[at] === true ? 'new' : 'known')
        })
        if (fresh.includes(true)) kept()
      } catch (error) {
        for (const { reject } of now) reject(error)
      }
    }
    busy = false
  }

  return incoming =>
    new Promise((resolve, reject) => {
      arrivals.push({ incoming, resolve, reject })
      if (!busy) void keep()
    })
}
