import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { anchorProof } from '../infra/ledger.ts'
import { anchorShape, anchorText, proofShape } from './anchor.ts'
import { verb } from './registry.ts'

interface EventRow {
  seq: bigint
  at: Date
  kind: string
  actor: string
  actorName: string
  subject: string
  payload: unknown
  salt: string | null
  sealed: boolean
  payloadHash: string
  prevHash: string
  hash: string
}

/**
 * Shows one event with everything that proves it: the salt and payload behind its hash (null once erased), its links in the
 * chain of hashes, and its Merkle proof under the root that the chain carries. Throws `event-unknown`.
 */
export const event = verb({
  name: 'event',
  summary: 'Show one event of the ledger with its proof.',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({ seq: z.coerce.number().int().min(1).describe("the event's number") }),
  output: z.object({
    seq: z.string(),
    at: z.string(),
    kind: z.string(),
    actor: z.string(),
    actorName: z.string(),
    subject: z.string(),
    payload: z.unknown(),
    salt: z.string().nullable(),
    /** A ballot of a poll that is still open: what it says is hidden from everybody until the close. */
    sealed: z.boolean(),
    payloadHash: z.string(),
    prevHash: z.string(),
    hash: z.string(),
    anchor: anchorShape.nullable(),
    proof: proofShape.nullable(),
    receipts: z.array(z.object({ id: z.string(), kind: z.string() })),
  }),
  async run({ db }, { seq }) {
    const [row] = await db.query<EventRow>(
      `select e.seq, e.at, e.kind, e.actor, coalesce(a.name, e.actor) as "actorName", e.subject,
         case when not s.sealed then e.payload end as payload, case when not s.sealed then encode(e.salt, 'hex') end as salt, s.sealed,
         e.payload_hash as "payloadHash", e.prev_hash as "prevHash", e.hash
       from events e left join accounts a on a.id::text = e.actor,
         lateral (select e.kind = 'ballot.cast' and exists
           (select from proposals p where p.id::text = e.subject and p.state = 'voting') as sealed) s
       where e.seq = $1`,
      [seq],
    )
    if (row === undefined)
      throw fault('event-unknown', `The ledger has no event ${seq}.`, {
        fix: 'Look at the list with /events.',
      })
    const proven = await anchorProof(db, row.seq)
    return {
      ...row,
      seq: row.seq.toString(),
      at: row.at.toISOString(),
      anchor: proven === null ? null : anchorText(proven.anchor),
      proof: proven === null ? null : proven.proof,
      receipts: await db.query<{ id: string; kind: string }>(
        'select id, kind from receipts where event_seq = $1 order by at',
        [row.seq],
      ),
    }
  },
})
