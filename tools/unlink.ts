import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { forgetConversations } from './chats-forget.ts'
import { findAccount } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/**
 * Undoes a link: `wallet` has claims stay in the custodial wallet again; a platform's name parts the identities there from
 * this account: one that was linked speaks for the account it had before, another opens a new one when it comes again.
 * That the accounts were one person's stays known. Throws `link-unknown`, and `identity-last` where nobody could reach the account.
 */
export const unlink = verb({
  name: 'unlink',
  summary: 'Take a platform or your wallet away from your account.',
  who: ['member'],
  effect: 'vote',
  inPerson: true,
  input: z.object({
    what: z.string().trim().toLowerCase().max(20).describe('wallet, or the platform: discord, telegram, web'),
  }),
  output: z.object({ what: z.string(), identities: z.number() }),
  async run(context, { what }) {
    const account = await findAccount(context.db, context.caller.accountId)
    const unknown = () =>
      fault('link-unknown', `Nothing named "${what}" is linked to your account.`, {
        fix: 'Name wallet, or the platform; /takeout lists what is linked.',
      })
    return context.commit(async tx => {
      if (what === 'wallet') {
        const parted = await tx.query(
          `update wallets set unlinked_at = $2 where account_id = $1 and linked_at is not null and unlinked_at is null returning id`,
          [account.id, context.clock.now()],
        )
        if (parted.length === 0) throw unknown()
        await record(context, tx, 'wallet.unlinked', account.id, {})
        return { what, identities: 0 }
      }
      const own = await tx.query<{ platform: string }>(
        'select platform from identities where account_id = $1 for update',
        [account.id],
      )
      const named = own.filter(({ platform }) => platform === what).length
      if (named === 0) throw unknown()
      if (named === own.length)
        throw fault('identity-last', `Your account is reached from ${what} only.`, {
          fix: 'Link another platform first, or erase the account with /erase.',
        })
      // A conversation remembers whom it is with.
      await forgetConversations(tx, account.id, { platform: what })
      await tx.query(
        'update identities set account_id = home_id, home_id = null where account_id = $1 and platform = $2 and home_id is not null',
        [account.id, what],
      )
      await tx.query('delete from identities where account_id = $1 and platform = $2', [account.id, what])
      await record(context, tx, 'account.unlinked', account.id, { identities: named })
      return { what, identities: named }
    })
  },
})
