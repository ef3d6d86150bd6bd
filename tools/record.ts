import type { Db } from '../infra/db.ts'
import { append } from '../infra/ledger.ts'
import type { Context } from './context.ts'

/**
 * Appends one event to the ledger inside the caller's transaction. `kind` is `noun.verb-in-past`; the payload holds ids,
 * numbers and hashes, and can be erased later without breaking the chain of hashes. Returns the event's number.
 */
export const record = async (
  context: Context,
  tx: Db,
  kind: string,
  subject: string,
  payload: Record<string, unknown>,
): Promise<bigint> => {
  const { seq } = await append(tx, {
    kind,
    actor: context.caller.accountId ?? context.caller.role,
    subject,
    payload,
    at: context.clock.now(),
  })
  context.log.info(kind, { subject, flow: context.key })
  return seq
}
