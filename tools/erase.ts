import { z } from 'zod'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { eraseSubject } from '../infra/ledger.ts'
import { balance } from '../infra/money.ts'
import { formatUnits } from '../infra/units.ts'
import { forgetKeys } from './api-key-check.ts'
import { forgetFiles, sweepFiles } from './chats-files.ts'
import { forgetConversations } from './chats-forget.ts'
import type { Context } from './context.ts'
import { eraseSettledAnswers } from './erase-answers.ts'
import { type Account, findAccount } from './find.ts'
import { earningsOf } from './person.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'
import { forgetTunedOn, withdrawRows } from './withdraw.ts'

/**
 * Erases everything personal of the caller, for good: the texts of rows, questions and answers, the name, who they are on
 * which platform, wallets, feedback, notices, conversations. Amounts, hashes and proofs stay under the account's random
 * id, so that every bundle still verifies. A proposal's text is its datanet's constitution and stays too. Questions of an
 * epoch that is not settled yet lose their text once it is.
 * Throws `money-left` (names what would be lost), `payment-open` (retry).
 */
export const erase = verb({
  name: 'erase',
  summary: 'Erase your account and everything personal in it, for good.',
  who: ['member'],
  effect: 'vote',
  inPerson: true,
  input: z.object({
    giveUp: z
      .boolean()
      .default(false)
      .describe('yes to give up tokens that are still in the account; claim them first'),
  }),
  output: z.object({
    rows: z.number(),
    answers: z.number(),
    /** Whose text goes once their epoch is settled. */
    answersLater: z.number(),
    /** Models that were tuned with the erased rows. */
    models: z.array(z.string()),
    lostUnits: unitsText,
  }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const left = await moneyLeft(context, account)
    const lost = left.reduce((sum, { units }) => sum + units, 0n)
    if (lost > 0n && !input.giveUp)
      throw fault(
        'money-left',
        `Your account still has ${left.map(({ units, where }) => `${formatUnits(units)} tokens ${where}`).join(', ')}.`,
        { fix: 'Claim and use them first, or give them up for good with /erase giveUp=yes.' },
      )
    const result = await context.commit(async tx => {
      await refuseOpenPayment(tx, account.id)
      const gone = await withdrawRows(context, tx, account.id, null)
      // What a check said of a row may repeat words of it.
      await tx.query('update contributions set message = null, fix = null where account_id = $1', [
        account.id,
      ])
      await eraseConversations(tx, account.id)
      await tx.query(
        'update identities set account_id = home_id, home_id = null where account_id = $1 and home_id is not null',
        [account.id],
      )
      for (const table of personal)
        await tx.query(`delete from ${table.name} where ${table.owner} = $1`, [account.id])
      await tx.query(
        `delete from calls where caller = $1::text or (verb = 'join' and output->>'accountId' = $1::text)`,
        [account.id],
      )
      // A short question could be guessed from its hash.
      await tx.query(`update payments set request_hash = '' where account_id = $1`, [account.id])
      await tx.query(`update accounts set name = 'erased', erased_at = $2 where id = $1`, [
        account.id,
        context.clock.now(),
      ])
      const answers = await eraseSettledAnswers(tx)
      const [later] = await tx.query<{ count: number }>(
        `select count(*)::int as count from answers where account_id = $1 and question <> ''`,
        [account.id],
      )
      tx.afterCommit(() => forgetKeys(context.db))
      await eraseSubject(tx, account.id)
      await record(context, tx, 'account.erased', account.id, { rows: gone.rows.length, answers })
      return {
        rows: gone.rows.length,
        answers,
        answersLater: later?.count ?? 0,
        models: gone.models,
        lostUnits: lost.toString(),
      }
    })
    await forgetTunedOn(context, account.id, null)
    // The rows are gone for good; bytes that cannot be removed now are at the next hourly sweep.
    await sweepFiles(context).catch(error => context.log.warn('erase.files-left', { error }))
    return result
  },
})

/** Tables whose rows are nothing but personal, in an order that their references allow. */
const personal = [
  { name: 'preferences', owner: 'account_id' },
  { name: 'alternatives', owner: 'account_id' },
  { name: 'feedback', owner: 'account_id' },
  { name: 'consents', owner: 'account_id' },
  { name: 'link_codes', owner: 'account_id' },
  { name: 'link_tries', owner: 'account_id' },
  { name: 'wallets', owner: 'account_id' },
  { name: 'api_keys', owner: 'account_id' },
  { name: 'webhooks', owner: 'account_id' },
  { name: 'tasks', owner: 'account_id' },
  { name: 'outbox', owner: 'account' },
  { name: 'identities', owner: 'account_id' },
] as const

const moneyLeft = async (context: Context, account: Account): Promise<{ units: bigint; where: string }[]> => {
  const { db, chain } = context
  const { earned, pending, claimed } = await earningsOf(db, account.id)
  const { embedded } = await chain.status()
  const left = [
    { units: earned - claimed, where: 'to claim' },
    { units: pending, where: 'waiting for their window' },
    { units: await balance(db, `balance:${account.id}`), where: 'prepaid' },
    // The embedded chain's tokens are given away and worth nothing elsewhere.
    { units: embedded ? 0n : await chain.balance(chain.address(account.wallet)), where: 'in its wallet' },
  ]
  return left.filter(({ units }) => units > 0n)
}

/** A call killed in the middle is made again under its key, which must still find the account. */
const refuseOpenPayment = async (tx: Db, accountId: string): Promise<void> => {
  const open = await tx.query(`select key from open_calls where caller->>'accountId' = $1`, [accountId])
  if (open.length > 0)
    throw fault('payment-open', 'A payment of yours is still under way.', {
      fix: 'Try again once it is done.',
      retry: true,
    })
}

/** What chat platforms keep of the account's people; who was silenced where is the community's. */
const eraseConversations = async (tx: Db, accountId: string): Promise<void> => {
  const who = 'select platform, subject from identities where account_id = $1'
  await forgetConversations(tx, accountId)
  // Whose contribution a message is concerns the account that an identity had before, too.
  await tx.query(`delete from chat_buttons where (platform, subject) in (${who} and home_id is null)`, [
    accountId,
  ])
  await tx.query(`delete from chat_quiet where (platform, subject) in (${who})`, [accountId])
  await forgetFiles(tx, `(platform, subject) in (${who})`, [accountId])
  await tx.query(
    `update chat_shown set view = null where nonce in (select nonce from chat_updates where (platform, subject) in (${who}))
       or (platform, place) in (select platform, 'person:' || subject from (${who}) people)`,
    [accountId],
  )
}
