import { canonicalJson } from '../infra/canonical.ts'
import { isFault } from '../infra/errors.ts'
import type { Caller, Network } from './context.ts'

/** A call that may have had an effect outside the database and has not committed. */
export interface OpenCall {
  key: string
  verb: string
  caller: Caller
  input: unknown
}

/** Remembers a call before it touches anything outside the database. */
export const beginCall = async (
  network: Network,
  record: OpenCall & { inputHash: string },
): Promise<void> => {
  await network.db.query(
    `insert into open_calls (key, verb, caller, input, input_hash, begun_at) values ($1, $2, $3, $4, $5, $6) on conflict (key) do nothing`,
    [
      record.key,
      record.verb,
      canonicalJson(record.caller),
      canonicalJson(record.input),
      record.inputHash,
      network.clock.now(),
    ],
  )
}

/** Forgets a call that its verb refused for good; a failure that a repetition may mend stays open. */
export const dropRefusedCall = async (network: Network, key: string, error: unknown): Promise<void> => {
  if (isFault(error) && !error.retry) await network.db.query('delete from open_calls where key = $1', [key])
}
