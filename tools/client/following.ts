import { isFault } from '../../infra/errors.ts'
import { type LineOptions, send } from './line.ts'
import { serverSent } from './server-sent.ts'

/** An event of the public ledger as the stream tells it. */
export interface LedgerEvent {
  readonly seq: string
  readonly at: string
  /** `noun.verb-in-past`, such as `model.released`. */
  readonly kind: string
  readonly actor: string
  readonly subject: string
  readonly hash: string
}

export interface EventsOptions {
  /** Only events after this number; without it, only those to come. */
  readonly after?: string | number | undefined
  /** Only events of this kind, such as `model.released`. */
  readonly kind?: string | undefined
  /** Only events about this id. */
  readonly subject?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Follows the ledger over GET /api/events/stream. A lost connection is opened again after the last event that came, so that
 * none is missed and none comes twice. Ends when the signal aborts; throws `node-unreachable` once all attempts are used up.
 */
export async function* ledgerEvents(
  line: LineOptions,
  { after, kind, subject, signal }: EventsOptions,
): AsyncGenerator<LedgerEvent> {
  let last = after === undefined ? undefined : String(after)
  const wanted = new URLSearchParams({
    ...(kind === undefined ? {} : { kind }),
    ...(subject === undefined ? {} : { subject }),
  })
  const path = `api/events/stream${wanted.size === 0 ? '' : `?${wanted}`}`
  const ended = () => signal?.aborted === true
  while (!ended()) {
    const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': last }
    const request = { path, accept: 'text/event-stream', headers, signal }
    try {
      const heard = await send(line, request, async response => response)
      for await (const { id, data } of serverSent(heard, line.url)) {
        if (id === null) continue
        last = id
        yield JSON.parse(data) as LedgerEvent
        if (ended()) return
      }
    } catch (error) {
      if (ended()) return
      if (!isFault(error, 'node-unreachable')) throw error
    }
    // A node that ends every stream at once must not be asked in a tight loop.
    await line.wait(250, signal).catch(() => {})
  }
}
