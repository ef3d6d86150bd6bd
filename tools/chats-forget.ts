import type { Db } from '../infra/db.ts'

/** Rows of a chat table that belong to the people of an account; `$1` is the account, `$2` a platform, or null for all. */
const ofAccount = (table: string): string =>
  `exists (select from identities i where i.account_id = $1::uuid and ($2::text is null or i.platform = $2)
     and (i.platform, i.subject) = (${table}.platform, ${table}.subject))`

/**
 * Forgets the conversations of an account's identities, with the buttons under them: what was asked of one account is never
 * answered for another. `underWay`: a conversation that is being answered at this moment stays, with the button that was
 * pressed in it, so that a surface that is killed now can repeat that answer; that surface ends it by itself.
 * Whose contribution a message is stays known.
 */
export const forgetConversations = async (
  tx: Db,
  accountId: string,
  { platform = null, underWay = 'goes' }: { platform?: string | null; underWay?: 'goes' | 'stays' } = {},
): Promise<void> => {
  const begun = (table: string, only: string): string =>
    `($3 = 'stays' and exists (select from chat_updates u where u.done_at is null and u.attempts > 0
       and (u.platform, u.subject) = (${table}.platform, ${table}.subject) and ${only}))`
  const values = [accountId, platform, underWay]
  await tx.query(
    `delete from chat_sessions s where ${ofAccount('s')}
       and not ${begun('s', `s.chat in (u.chat, 'person:' || u.subject)`)}`,
    values,
  )
  await tx.query(
    `delete from chat_buttons b where ${ofAccount('b')} and not starts_with(b.id, 'message/')
       and not ${begun('b', `u.payload -> 'act' ->> 'id' = b.id`)}`,
    values,
  )
}
