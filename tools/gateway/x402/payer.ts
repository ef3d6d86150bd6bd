import type { Db } from '../../../infra/db.ts'
import { newId } from '../../../infra/ids.ts'
import type { Context } from '../../context.ts'
import { linkAccounts } from '../../link-code.ts'
import { record } from '../../record.ts'

/**
 * The account of a paying wallet: the member's who has linked it, else the one that the wallet's first payment opens,
 * without the tokens that people start with. `payer` with its checksum; inside the transaction that books the payment.
 */
export const payerAccount = async (context: Context, tx: Db, payer: string): Promise<string> => {
  // Two first payments at once open one account between them.
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 8))', [`payer ${payer}`])
  const [known] = await tx.query<{ id: string }>(
    `select id from (
       select w.account_id as id, w.linked_at as at from wallets w
         where w.address = $1 and w.linked_at is not null and w.unlinked_at is null
       union all select i.account_id, '-infinity' from identities i where i.platform = 'wallet' and i.subject = $1) found
     join accounts a using (id) where a.erased_at is null order by at desc limit 1`,
    [payer],
  )
  if (known !== undefined) return known.id
  const id = newId()
  const at = context.clock.now()
  await tx.query(
    `insert into accounts (id, name, wallet, created_at) values ($1, $2, nextval('account_wallets'), $3)`,
    [id, `wallet ${payer.slice(0, 6)}…${payer.slice(-4)}`, at],
  )
  await tx.query(
    `insert into identities (platform, subject, account_id, created_at) values ('wallet', $1, $2, $3)
     on conflict (platform, subject) do update set account_id = excluded.account_id, home_id = null`,
    [payer, id, at],
  )
  await record(context, tx, 'account.opened', id, { platform: 'wallet' })
  // One key is one person: what they ask must not pay their own rows.
  const before = await tx.query<{ account_id: string }>(
    'select distinct account_id from wallets where address = $1 and linked_at is not null',
    [payer],
  )
  for (const { account_id } of before) await linkAccounts(context, tx, id, account_id, 'wallet')
  return id
}
