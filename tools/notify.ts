import type { Clock } from '../infra/clock.ts'
import type { Db } from '../infra/db.ts'
import { newId } from '../infra/ids.ts'

/** What the network tells a person by itself, with the facts each kind carries; `bots/sentences.ts` has the words. */
export interface NoticeKinds {
  'contribution.reviewed': { submission: string; accepted: number; refused: number; review: number }
  'contribution.taken-back': { model: string; rows: number }
  'proposal.passed': { name: string }
  'proposal.rejected': { name: string; reason: string }
  'model.released': { model: string }
  'epoch.activated': { epoch: number; units: string }
}

/**
 * Puts a notice for an account into the outbox, in the transaction of what it tells; every surface of that account may tell it.
 * Where the account's identities were linked to another one, it goes there: nobody would look for it here.
 */
export const notify = async <K extends keyof NoticeKinds>(
  context: { readonly clock: Clock },
  tx: Db,
  accountId: string,
  kind: K,
  facts: NoticeKinds[K],
): Promise<void> => {
  await tx.query(
    `insert into outbox (id, account, channel, kind, facts, created_at) values ($1, coalesce((select account_id::text from identities where home_id = $2::uuid limit 1), $2::text), 'any', $3, $4, $5)`,
    [newId(), accountId, kind, JSON.stringify(facts), context.clock.now()],
  )
}
