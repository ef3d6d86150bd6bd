import type { Network } from '../../context.ts'
import { eventsAfter, newestEvent, type PublicEvent } from '../../events-after.ts'
import { sharedPoll } from './shared-poll.ts'

/** Newest events held in memory for all streams; one that is further behind reads pages from the database. */
const HELD = 1000
const PAGE = 100

export interface LedgerFeed {
  /** The events after a number in order, then each as it comes, until the signal aborts. */
  follow(
    after: bigint,
    wanted: { kind?: string | undefined; subject?: string | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<PublicEvent>
}

/** One look at the ledger's head a turn, whatever the number of streams. */
export const openLedgerFeed = ({ db, log }: Network, pollMs: number): LedgerFeed => {
  let held: PublicEvent[] = []
  let head: bigint | undefined
  const look = async (): Promise<boolean> => {
    const newest = await newestEvent(db)
    if (head === newest) return false
    if (head === undefined || newest - head > BigInt(HELD)) held = []
    else held = [...held, ...(await eventsAfter(db, { after: head, upTo: newest, limit: HELD }))].slice(-HELD)
    head = newest
    return true
  }
  const poll = sharedPoll(look, pollMs, error =>
    log.warn('ledger-feed.look-failed', { error: String(error) }),
  )
  return {
    async *follow(after, wanted, signal) {
      const kinds = wanted.kind === undefined ? [] : [wanted.kind]
      const matches = (event: PublicEvent): boolean =>
        (wanted.kind ?? event.kind) === event.kind && (wanted.subject ?? event.subject) === event.subject
      let cursor = after
      for await (const _ of poll.rounds(signal)) {
        while (head !== undefined && cursor < head && !signal.aborted) {
          const upTo = head
          const oldest = held[0]
          if (oldest !== undefined && oldest.seq <= cursor + 1n) {
            const fresh = held.filter(event => event.seq > cursor && matches(event))
            cursor = upTo
            yield* fresh
          } else {
            const page = await eventsAfter(db, {
              after: cursor,
              upTo,
              kinds,
              subject: wanted.subject,
              limit: PAGE,
            })
            cursor = page.length < PAGE ? upTo : (page.at(-1)?.seq ?? upTo)
            yield* page
          }
        }
      }
    },
  }
}
