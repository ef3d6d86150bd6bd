import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { anchorProof } from '../infra/ledger.ts'
import { anchorShape, anchorText, proofShape } from './anchor.ts'
import type { Context } from './context.ts'
import { verb } from './registry.ts'

interface ReceiptRow {
  id: string
  kind: string
  text: string
  signature: string
  keyId: string
  seq: bigint | null
  at: Date
}

/**
 * Shows a receipt as it was signed, with the ledger event it belongs to and that event's proof once anchored.
 * A ballot's receipt is shown to its owner only while the poll is open. Throws `receipt-unknown`.
 */
export const showReceipt = verb({
  name: 'receipt',
  summary: 'Show a signed receipt with its proof.',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({ receipt: z.uuid().describe('the id of a receipt') }),
  output: z.object({
    id: z.string(),
    kind: z.string(),
    at: z.string(),
    /** RFC 8785 JSON: the very bytes that are signed. */
    text: z.string(),
    /** Ed25519 over `text`, base64url. */
    signature: z.string(),
    keyId: z.string(),
    event: z.object({ seq: z.string(), kind: z.string(), hash: z.string() }).nullable(),
    anchor: anchorShape.nullable(),
    proof: proofShape.nullable(),
  }),
  async run(context, input) {
    const [row] = await context.db.query<ReceiptRow>(
      'select id, kind, body as text, signature, key_id as "keyId", event_seq as seq, at from receipts where id = $1',
      [input.receipt],
    )
    const body: unknown = row === undefined ? {} : JSON.parse(row.text)
    if (row === undefined || (row.kind === 'ballot' && (await sealed(context, body))))
      throw fault('receipt-unknown', `There is no receipt ${input.receipt} that you may see.`, {
        fix: 'Check the id; ballots stay sealed until their poll closes.',
      })
    const event = await eventOf(context, row, body)
    const proven = event === null ? null : await anchorProof(context.db, BigInt(event.seq))
    const { seq: _, ...shown } = row
    return {
      ...shown,
      at: row.at.toISOString(),
      event,
      anchor: proven === null ? null : anchorText(proven.anchor),
      proof: proven === null ? null : proven.proof,
    }
  },
})

/** A text anywhere in the receipt's body: signers nest it differently. */
const told = (body: unknown, name: string): string | null => {
  if (typeof body !== 'object' || body === null) return null
  const own: unknown = Reflect.get(body, name)
  return typeof own === 'string' ? own : told(Reflect.get(body, 'body'), name)
}

const sealed = async ({ db, caller }: Context, body: unknown): Promise<boolean> => {
  if (told(body, 'account') === caller.accountId && caller.accountId !== null) return false
  const open = await db.query(`select from proposals where id::text = $1 and state = 'voting'`, [
    told(body, 'proposal'),
  ])
  return open.length > 0
}

/** The event a receipt vouches for: the one it names, else the one about the same thing. */
const eventOf = async (
  { db }: Context,
  row: ReceiptRow,
  body: unknown,
): Promise<{ seq: string; kind: string; hash: string } | null> => {
  const [event] = await db.query<{ seq: bigint; kind: string; hash: string }>(
    `select seq, kind, hash from events where seq = $1 or ($1::bigint is null and (
       (kind = 'answer.given' and subject = $2) or (kind = 'contribution.received' and subject = $3)
       or (kind = 'ballot.cast' and subject = $4 and payload->>'salt' = $5))) order by seq limit 1`,
    [row.seq, ...['answer', 'submission', 'proposal', 'salt'].map(name => told(body, name))],
  )
  return event === undefined ? null : { ...event, seq: event.seq.toString() }
}
