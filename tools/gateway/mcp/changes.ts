import { setTimeout as pause } from 'node:timers/promises'
import { InMemoryServerEventBus, type McpServer, type ServerEventBus } from '@modelcontextprotocol/server'
import type { Network } from '../../context.ts'

const LOOK_MS = 2000
const EVENTS = 500

/**
 * Tells which public resources changed, by the ledger: every event changes `tributary://ledger`, and the datanet that it
 * is about. Looks only while somebody listens.
 */
export const openChanges = ({ db, log }: Pick<Network, 'db' | 'log'>, lookMs = LOOK_MS): ServerEventBus => {
  const bus = new InMemoryServerEventBus()
  const head = async (): Promise<bigint> => {
    const [row] = await db.query<{ seq: bigint }>('select seq from ledger_head')
    return row?.seq ?? 0n
  }
  const publishSince = async (seen: bigint): Promise<bigint> => {
    const events = await db.query<{ seq: bigint; name: string | null }>(
      `select e.seq, p.name from events e left join proposals p on p.id::text in (e.subject, e.payload->>'proposal')
       where e.seq > $1 order by e.seq limit ${EVENTS}`,
      [seen],
    )
    const names = new Set(events.flatMap(({ name }) => name ?? []))
    const uris = [...names].map(name => `tributary://datanets/${name}`)
    for (const uri of events.length === 0 ? [] : ['tributary://ledger', ...uris])
      bus.publish({ kind: 'resource_updated', uri })
    return events.at(-1)?.seq ?? seen
  }
  let watching: AbortController | undefined
  const watch = async ({ signal }: AbortController): Promise<void> => {
    let seen: bigint | undefined
    while (!signal.aborted) {
      try {
        seen = seen === undefined ? await head() : await publishSince(seen)
      } catch (error) {
        log.warn('mcp.changes-unread', { error: error instanceof Error ? error : String(error) })
      }
      await pause(lookMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }
  return {
    publish: event => bus.publish(event),
    subscribe: listener => {
      const end = bus.subscribe(listener)
      if (watching === undefined) {
        watching = new AbortController()
        void watch(watching)
      }
      return () => {
        end()
        if (bus.listenerCount > 0) return
        watching?.abort()
        watching = undefined
      }
    },
  }
}

const SUBSCRIBED = 1000
const URI_CHARACTERS = 200

/**
 * Lets a server that lives as long as its connection tell its client what changed: what the client subscribed to where the
 * era has `resources/subscribe`, else all of it, of which the transport lets through what was asked for.
 */
export const tellSubscribers = (
  { server }: McpServer,
  changes: ServerEventBus,
  era: 'legacy' | 'modern',
): void => {
  const wanted = new Set<string>()
  let end: (() => void) | undefined
  const listen = (): void => {
    end ??= changes.subscribe(event => {
      if (event.kind !== 'resource_updated' || (era === 'legacy' && !wanted.has(event.uri))) return
      server.sendResourceUpdated({ uri: event.uri }).catch(() => {})
    })
  }
  server.onclose = () => end?.()
  if (era === 'modern') {
    listen()
    return
  }
  server.setRequestHandler('resources/subscribe', ({ params }) => {
    // Longer ones are of no resource, and would be held as long as the session.
    if (wanted.size < SUBSCRIBED && params.uri.length <= URI_CHARACTERS) wanted.add(params.uri)
    listen()
    return {}
  })
  server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    wanted.delete(params.uri)
    return {}
  })
}
