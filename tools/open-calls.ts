import { canonicalJson } from '../infra/canonical.ts'
import { fault, isFault } from '../infra/errors.ts'
import type { Caller, Network } from './context.ts'

/** A call that may have had an effect outside the database and has not committed. */
export interface OpenCall {
  key: string
  verb: string
  caller: Caller
  input: unknown
}

/**
 * Remembers a call before it touches anything outside the database. Throws `key-reused` when another input is under way
 * under the key: the chain would give it the first one's transaction, and the books another sum.
 */
export const beginCall = async (
  network: Network,
  record: OpenCall & { inputHash: string },
): Promise<void> => {
  const [open] = await network.db.query<{ input_hash: string }>(
    `insert into open_calls (key, verb, caller, input, input_hash, begun_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (key) do update set key = excluded.key returning input_hash`,
    [
      record.key,
      record.verb,
      canonicalJson(record.caller),
      canonicalJson(record.input),
      record.inputHash,
      network.clock.now(),
    ],
  )
  if (open !== undefined && open.input_hash !== record.inputHash)
    throw fault('key-reused', 'This idempotency key was used with another input.', {
      fix: 'Use a new key for a new call.',
    })
}

/**
 * Forgets a call that its verb refused for good; a failure that a repetition may mend stays open. A lease that another
 * holds stopped the call before its first effect, so a later start must not repeat what its caller has given up.
 */
export const dropRefusedCall = async (network: Network, key: string, error: unknown): Promise<void> => {
  if (isFault(error) && (!error.retry || isFault(error, 'lease-held')))
    await network.db.query('delete from open_calls where key = $1', [key])
}
