import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { findAccount } from './find.ts'
import { speakersFor } from './person.ts'
import { verb } from './registry.ts'

/** Ends a subscription of the caller; an event that is on its way may still arrive. Throws `webhook-unknown`. */
export const unsubscribe = verb({
  name: 'unsubscribe',
  summary: 'End a subscription to events.',
  who: ['member'],
  effect: 'write',
  input: z.object({ webhook: z.uuid().describe('the id of a subscription of yours') }),
  output: z.object({ webhook: z.string() }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    return context.commit(async tx => {
      const [gone] = await tx.query<{ webhook: string }>(
        'delete from webhooks where id = $1 and account_id = any($2::uuid[]) returning id as webhook',
        [input.webhook, await speakersFor(tx, account.id)],
      )
      if (gone === undefined)
        throw fault('webhook-unknown', 'You have no such subscription.', {
          fix: 'Look at yours with /subscriptions.',
        })
      return gone
    })
  },
})
