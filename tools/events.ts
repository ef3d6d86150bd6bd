import { z } from 'zod'
import { anchorShape, anchorText } from './anchor.ts'
import { verb } from './registry.ts'

const listed = z.object({
  seq: z.string(),
  at: z.string(),
  kind: z.string(),
  actor: z.string(),
  subject: z.string(),
  hash: z.string(),
  anchored: z.boolean(),
})

/** Lists the ledger's events, newest first, a page at a time. Changes nothing. */
export const events = verb({
  name: 'events',
  summary: 'List the public ledger, newest event first.',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({
    before: z.coerce.number().int().min(1).optional().describe('only events before this number'),
    kind: z.string().max(60).optional().describe('only events of this kind, such as model.released'),
    subject: z.string().max(60).optional().describe('only events about this id'),
    tx: z.string().max(80).optional().describe('only events that carry this transaction of the chain'),
    limit: z.coerce.number().int().min(1).max(100).default(50).describe('how many'),
  }),
  output: z.object({
    events: z.array(listed),
    /** What to pass as `before` for the next page; null on the last one. */
    next: z.number().nullable(),
    kinds: z.array(z.object({ kind: z.string(), events: z.number() })),
    anchors: z.array(anchorShape),
  }),
  async run({ db }, input) {
    const rows = await db.query<Omit<z.output<typeof listed>, 'seq' | 'at'> & { seq: bigint; at: Date }>(
      `select e.seq, e.at, e.kind, coalesce(a.name, e.actor) as actor, e.subject, e.hash,
         exists (select from anchors n where e.seq between n.from_seq and n.to_seq and n.tx is not null) as anchored
       from events e left join accounts a on a.id::text = e.actor
       where ($1::bigint is null or e.seq < $1) and ($2::text is null or e.kind = $2) and ($3::text is null or e.subject = $3)
         and ($4::text is null or e.payload->>'tx' = $4)
       order by e.seq desc limit $5`,
      [input.before ?? null, input.kind ?? null, input.subject ?? null, input.tx ?? null, input.limit + 1],
    )
    const page = rows.slice(0, input.limit)
    return {
      events: page.map(row => ({ ...row, seq: row.seq.toString(), at: row.at.toISOString() })),
      next: rows.length > input.limit ? Number(page.at(-1)?.seq ?? 1n) : null,
      kinds: await db.query<{ kind: string; events: number }>(
        'select kind, count(*)::int as events from events group by kind order by kind',
      ),
      anchors: (
        await db.query<{ fromSeq: bigint; toSeq: bigint; root: string; tx: string | null; at: Date }>(
          'select from_seq as "fromSeq", to_seq as "toSeq", root, tx, at from anchors order by to_seq desc limit 20',
        )
      ).map(anchorText),
    }
  },
})
