import type { Db } from '../infra/db.ts'

/**
 * Erases what accounts that were erased had asked, with the conversation around it, and been answered, with the salt of its hashes, in every epoch that is
 * computed; returns how many. Before that the texts are needed: whose rows shaped an answer may still have to be measured.
 */
export const eraseSettledAnswers = async (tx: Db): Promise<number> => {
  // Two UUIDs: 244 random bits, since the database has no other source of them. The column cannot be empty.
  const erased = await tx.query(
    `update answers w set question = '', request = null, answer = case when answer is null then null else '' end,
       salt = sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
     from accounts a, epochs e where a.id = w.account_id and a.erased_at is not null and e.number = w.epoch
       and e.state in ('computed', 'posted', 'active') and w.question <> '' returning w.id`,
  )
  return erased.length
}
