import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { newestEvent } from './events-after.ts'
import { findAccount } from './find.ts'
import { verb } from './registry.ts'
import { eventKind, parseTarget, readReach, webhookLimits, webhookSecret } from './webhooks.ts'

const notes = {
  shown: 'Keep the secret now: it is not shown again.',
  gone: 'The secret was shown once. Without it, unsubscribe and subscribe again.',
} as const

/**
 * Subscribes to events of the ledger from now on: each is sent by POST, signed as Standard Webhooks has it, in order and at
 * least once. The secret is returned once; a repeated call returns null in its place.
 * Throws `webhook-refused` (no public https address) and `webhooks-too-many`.
 */
export const subscribe = verb({
  name: 'subscribe',
  summary: 'Have events of the ledger sent to an address of yours, signed.',
  who: ['member'],
  effect: 'write',
  input: z.object({
    url: z
      .string()
      .min(1)
      .max(webhookLimits.urlCharacters)
      .describe('an https address of yours that takes POST'),
    kinds: z
      .array(eventKind)
      .max(webhookLimits.kinds)
      .default([])
      .describe('only events of these kinds, such as model.released; all if left out'),
    aboutMe: z
      .boolean()
      .default(false)
      .describe('yes for nothing but what concerns you, your rows, answers and proposals'),
  }),
  output: z.object({
    webhook: z.string(),
    url: z.string(),
    kinds: z.array(z.string()),
    aboutMe: z.boolean(),
    secret: z.string().nullable(),
    note: z.string(),
  }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const url = parseTarget(input.url, await readReach(context.db)).href
    const id = idFrom('webhook', context.key)
    const subscribed = await context.commit(async tx => {
      // Locked: the count below holds until this one is in.
      await tx.query('select id from accounts where id = $1 for update', [account.id])
      const [own] = await tx.query<{ count: number }>(
        `select count(*)::int as count from webhooks where account_id = $1 and state = 'active'`,
        [account.id],
      )
      if ((own?.count ?? 0) >= webhookLimits.perAccount)
        throw fault('webhooks-too-many', `You have ${webhookLimits.perAccount} subscriptions.`, {
          fix: 'End one with /unsubscribe.',
        })
      const kinds = [...new Set(input.kinds)]
      await tx.query(
        `insert into webhooks (id, account_id, url, kinds, about_me, state, cursor_seq, created_at)
         values ($1, $2, $3, $4, $5, 'active', $6, $7)`,
        [id, account.id, url, kinds, input.aboutMe, await newestEvent(tx), context.clock.now()],
      )
      return { webhook: id, url, kinds, aboutMe: input.aboutMe, secret: null, note: notes.gone }
    })
    return { ...subscribed, secret: webhookSecret(context.folder, id), note: notes.shown }
  },
})
