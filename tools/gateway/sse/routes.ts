import { type Context, Hono } from 'hono'
import { fault } from '../../../infra/errors.ts'
import type { Caller } from '../../context.ts'
import { events } from '../../events.ts'
import { newestEvent, type PublicEvent } from '../../events-after.ts'
import { call } from '../../registry.ts'
import { run } from '../../run.ts'
import { addressOf } from '../access/rates.ts'
import type { Env, Gate } from '../gate.ts'
import { checkInput } from '../rest/input.ts'
import { openLedgerFeed } from './ledger-feed.ts'
import { hasEnded, openRunFeed } from './run-feed.ts'
import { eventStream, type Message, openPlaces } from './stream.ts'

/** Streams open at once, of one account or address and in all. */
const PLACES = { perCaller: 20, inAll: 2000 }

/** Server-sent events: the ledger as it grows, and a run until it ends. Each shows what `events` and `run` show its caller. */
export const streamRoutes = (gate: Gate, pollMs = 500): Hono<Env> => {
  const { network } = gate
  const ledger = openLedgerFeed(network, pollMs)
  const runs = openRunFeed(network, pollMs)
  const places = openPlaces(PLACES.perCaller, PLACES.inAll)
  const stream = (c: Context<Env>, messages: (signal: AbortSignal) => AsyncGenerator<Message>): Response => {
    const leave = places.take(callerName(gate, c))
    const left = new AbortController()
    const ended = () => {
      left.abort()
      leave()
    }
    return eventStream(messages(AbortSignal.any([left.signal, gate.closing])), network.log, ended)
  }
  const app = new Hono<Env>()

  app.get('/api/events/stream', async c => {
    const { kind, subject, after } = c.req.query()
    const wanted = { kind, subject }
    const first = {
      ...(kind === undefined ? {} : { kind }),
      ...(subject === undefined ? {} : { subject }),
      limit: 1,
    }
    checkInput(events, first)
    await call(network, asApi(c), events, first)
    const last = c.req.header('last-event-id') ?? after
    const from = last === undefined ? await newestEvent(network.db) : seqFrom(last)
    return stream(c, signal => ledgerMessages(ledger.follow(from, wanted, signal)))
  })

  app.get('/api/runs/:id/stream', async c => {
    const last = c.req.header('last-event-id') ?? c.req.query('after')
    // A browser comes back after every end; this answer tells it not to.
    if (last === 'end') return c.body(null, 204)
    const named = { run: c.req.param('id') }
    checkInput(run, named)
    const { id } = await call(network, asApi(c), run, named)
    const from = last === undefined ? 0 : Number(seqFrom(last))
    return stream(c, signal => runMessages(runs.follow(id, from, signal), from))
  })
  return app
}

const asApi = (c: Context<Env>): Caller => ({ ...c.get('caller'), surface: 'api' })

/** Accounts have their places wherever they come from; nobody in particular has those of the address. */
const callerName = (gate: Gate, c: Context<Env>): string => {
  const { accountId, role } = c.get('caller')
  return accountId ?? `${role} ${addressOf(gate, c)}`
}

const seqFrom = (text: string): bigint => {
  if (/^\d{1,15}$/.test(text)) return BigInt(text)
  throw fault('input-invalid', 'A stream starts after a whole number.', {
    fix: 'Send the id of the last event you got as "last-event-id" or "after".',
  })
}

async function* ledgerMessages(events: AsyncGenerator<PublicEvent>): AsyncGenerator<Message> {
  for await (const event of events) {
    const seq = event.seq.toString()
    yield { event: event.kind, id: seq, data: { ...event, seq, at: event.at.toISOString() } }
  }
}

async function* runMessages(
  states: ReturnType<ReturnType<typeof openRunFeed>['follow']>,
  from: number,
): AsyncGenerator<Message> {
  let step = from
  for await (const state of states) {
    step = state.points.at(-1)?.step ?? step
    yield hasEnded(state)
      ? { event: 'end', id: 'end', data: state }
      : { event: 'progress', id: String(step), data: state }
  }
}
