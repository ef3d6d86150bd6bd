import { Webhook } from 'standardwebhooks'
import type { Network } from '../../context.ts'
import { eventsAfter, type PublicEvent } from '../../events-after.ts'
import { type WebhookReach, webhookSecret } from '../../webhooks.ts'
import { type Outcome, type Post, post } from './post.ts'

/** Deliveries under way at once; of one account, so that slow receivers of one person hold up nobody else's. */
const AT_ONCE = { all: 32, account: 2 }
/** Events that one turn of a subscription sends. */
const PAGE = 20
const FIRST_WAIT_SECONDS = 10
const LONGEST_WAIT_SECONDS = 4 * 3600
/** Seconds of failures, one after the other, after which a subscription is dead. */
const GIVE_UP_SECONDS = 24 * 3600

interface Due {
  readonly id: string
  readonly accountId: string
  readonly url: string
  readonly kinds: string[]
  readonly aboutMe: boolean
  readonly cursor: bigint
  readonly head: bigint
  readonly failures: number
  readonly failingSince: Date | null
}

export interface Deliveries {
  /** Starts what is due and free to go; returns how many subscriptions that were. */
  start(): Promise<number>
  /** Once nothing is under way. */
  settled(): Promise<void>
}

type Send = (post: Post, options: { reach: WebhookReach; signal: AbortSignal }) => Promise<Outcome>

/** Sends the ledger's events to subscriptions: each in order, one at a time. The caller holds the lease on it. */
export const openDeliveries = (
  network: Network,
  reach: WebhookReach,
  signal: AbortSignal,
  send: Send = post,
): Deliveries => {
  const underWay = new Map<string, { accountId: string; done: Promise<void> }>()
  const free = ({ accountId }: Due): boolean =>
    underWay.size < AT_ONCE.all &&
    [...underWay.values()].filter(one => one.accountId === accountId).length < AT_ONCE.account
  return {
    async start() {
      let started = 0
      for (const due of await findDue(network, [...underWay.keys()])) {
        if (signal.aborted || !free(due)) continue
        started++
        const done = deliver(network, due, reach, signal, send)
          .catch(error => network.log.warn('webhook.failed', { webhook: due.id, error: String(error) }))
          .finally(() => underWay.delete(due.id))
        underWay.set(due.id, { accountId: due.accountId, done })
      }
      return started
    },
    async settled() {
      await Promise.all([...underWay.values()].map(({ done }) => done))
    },
  }
}

const findDue = ({ db, clock }: Network, underWay: string[]): Promise<Due[]> =>
  db.query<Due>(
    // A few of each account before the next of any, so that nobody's many slow ones are all that is looked at.
    `select id, account_id as "accountId", url, kinds, about_me as "aboutMe", cursor_seq as cursor, seq as head, failures,
       failing_since as "failingSince"
     from (select w.*, h.seq, row_number() over (partition by w.account_id order by w.next_try_at nulls first, w.cursor_seq) as place
           from webhooks w, ledger_head h
           where w.state = 'active' and w.cursor_seq < h.seq and (w.next_try_at is null or w.next_try_at <= $1)
             and w.id <> all($2::uuid[])) due
     where place <= $3 order by place, next_try_at nulls first, cursor_seq limit 200`,
    [clock.now(), underWay, AT_ONCE.account],
  )

const deliver = async (
  network: Network,
  due: Due,
  reach: WebhookReach,
  signal: AbortSignal,
  send: Send,
): Promise<void> => {
  const { db } = network
  const { id, kinds, head, cursor, aboutMe, accountId } = due
  const about = aboutMe ? accountId : undefined
  const page = await eventsAfter(db, { after: cursor, upTo: head, kinds, about, limit: PAGE })
  let { failures } = due
  for (const event of page) {
    const outcome = await send(signedPost(network, due, event), { reach, signal })
    // Cut off by the node's end or the lost lease: nothing is known of it, and it is sent again.
    if (signal.aborted) return
    if (!outcome.ok) return fail(network, { ...due, failures }, outcome)
    failures = 0
    await db.query(
      `update webhooks set cursor_seq = $2, delivered = delivered + 1, failures = 0, failing_since = null, next_try_at = null, reason = null
       where id = $1 and state = 'active'`,
      [id, event.seq],
    )
  }
  if (page.length < PAGE)
    await db.query('update webhooks set cursor_seq = greatest(cursor_seq, $2) where id = $1', [id, head])
}

/** The event as Standard Webhooks has it. Its id is the same on every try; nothing in it is what people wrote. */
const signedPost = ({ folder, clock }: Network, { id, url }: Due, event: PublicEvent): Post => {
  const { seq, kind, subject, at, hash } = event
  const timestamp = at.toISOString()
  const data = { seq: seq.toString(), kind, subject, at: timestamp, hash }
  const body = JSON.stringify({ type: kind, timestamp, data })
  const message = `msg_${id}_${seq}`
  // Receivers hold it against their own clock; the network's may be ahead.
  const now = new Date(clock.now().getTime() - clock.offsetMs)
  return {
    url,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'tributary',
      'webhook-id': message,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(webhookSecret(folder, id)).sign(message, now, body),
    },
  }
}

const fail = async (
  { db, clock, log }: Network,
  { id, failures, failingSince }: Due,
  { reason, gone }: Outcome & { ok: false },
): Promise<void> => {
  const now = clock.now()
  const since = failures === 0 ? now : (failingSince ?? now)
  const dead = gone === true || now.getTime() - since.getTime() >= GIVE_UP_SECONDS * 1000
  const wait = Math.min(FIRST_WAIT_SECONDS * 2 ** failures, LONGEST_WAIT_SECONDS)
  await db.query(
    `update webhooks set failures = $2, failing_since = $3, next_try_at = $4, reason = $5, state = $6 where id = $1 and state = 'active'`,
    [
      id,
      failures + 1,
      since,
      dead ? null : new Date(now.getTime() + wait * 1000),
      dead && gone !== true ? `${reason} It was tried for a day.` : reason,
      dead ? 'dead' : 'active',
    ],
  )
  if (dead) log.info('webhook.died', { webhook: id, failures: failures + 1 })
}
