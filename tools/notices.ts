import { z } from 'zod'
import { verb } from './registry.ts'

/** Lists what the network has to tell the caller and has not told yet, oldest first. Telling it is confirmed by `acknowledge`. */
export const notices = verb({
  name: 'notices',
  summary: 'List the notices that wait for you.',
  who: ['member'],
  effect: 'read',
  input: z.object({}),
  output: z.object({
    notices: z.array(
      z.object({
        id: z.string(),
        kind: z.string(),
        facts: z.record(z.string(), z.unknown()),
        at: z.string(),
      }),
    ),
  }),
  async run({ db, caller }) {
    const rows = await db.query<{ id: string; kind: string; facts: Record<string, unknown>; at: Date }>(
      'select id, kind, facts, created_at as at from outbox where account = $1 and sent_at is null order by created_at, id limit 50',
      [caller.accountId],
    )
    return { notices: rows.map(row => ({ ...row, at: row.at.toISOString() })) }
  },
})
