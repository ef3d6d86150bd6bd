import type { Db } from '../infra/db.ts'
import type { Context } from './context.ts'

export type ReceiptKind = 'ballot' | 'answer' | 'payout' | 'contribution'

/** Signs a receipt with the node's key and stores it beside the event it tells of; a receipt of the same id is left as it is. */
export const issueReceipt = async (
  context: Context,
  tx: Db,
  id: string,
  kind: ReceiptKind,
  body: Record<string, unknown>,
  eventSeq: bigint,
): Promise<void> => {
  const signed = context.receipts.sign(kind, { id, ...body })
  await tx.query(
    'insert into receipts (id, kind, body, signature, key_id, event_seq, at) values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing',
    [id, kind, signed.receipt, signed.signature, signed.keyId, eventSeq, context.clock.now()],
  )
}
