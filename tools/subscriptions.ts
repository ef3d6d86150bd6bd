import { z } from 'zod'
import { findAccount } from './find.ts'
import { speakersFor } from './person.ts'
import { verb } from './registry.ts'

const subscription = z.object({
  webhook: z.string(),
  url: z.string(),
  /** Empty: all. */
  kinds: z.array(z.string()),
  aboutMe: z.boolean(),
  /** A dead one is not tried again. */
  state: z.enum(['active', 'dead']),
  /** Of the last failure; null while all goes well. */
  reason: z.string().nullable(),
  /** Failures of the next event, one after the other. */
  failures: z.number(),
  nextTryAt: z.string().nullable(),
  /** Events that arrived. */
  delivered: z.number(),
  /** The newest event that arrived or does not concern it. */
  seq: z.string(),
  createdAt: z.string(),
})
type Row = Omit<z.output<typeof subscription>, 'seq' | 'nextTryAt' | 'createdAt'> & {
  seq: bigint
  nextTryAt: Date | null
  createdAt: Date
}

/** Lists the caller's subscriptions, newest first; never their secrets. */
export const subscriptions = verb({
  name: 'subscriptions',
  summary: 'List your subscriptions to events and how their deliveries go.',
  who: ['member'],
  effect: 'read',
  input: z.object({}),
  output: z.object({ subscriptions: z.array(subscription) }),
  async run({ db, caller }) {
    const account = await findAccount(db, caller.accountId)
    const rows = await db.query<Row>(
      `select id as webhook, url, kinds, about_me as "aboutMe", state, reason, failures, next_try_at as "nextTryAt",
         delivered::int as delivered, cursor_seq as seq, created_at as "createdAt"
       from webhooks where account_id = any($1::uuid[]) order by created_at desc, id limit 200`,
      [await speakersFor(db, account.id)],
    )
    return {
      subscriptions: rows.map(row => ({
        ...row,
        seq: row.seq.toString(),
        nextTryAt: row.nextTryAt?.toISOString() ?? null,
        createdAt: row.createdAt.toISOString(),
      })),
    }
  },
})
