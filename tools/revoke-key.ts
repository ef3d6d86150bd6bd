import { z } from 'zod'
import { forgetKeys } from './api-key-check.ts'
import { findOwnKey } from './api-keys.ts'
import { findAccount } from './find.ts'
import { verb } from './registry.ts'

/** Ends an API key at once and for good. Throws `api-key-unknown`, `wrong-state` (revoked before). */
export const revokeKey = verb({
  name: 'revoke-key',
  summary: 'End an API key at once and for good.',
  who: ['member'],
  effect: 'write',
  inPerson: true,
  input: z.object({ id: z.string().trim().max(20).describe('which one; /keys lists them') }),
  output: z.object({ id: z.string(), name: z.string() }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    return context.commit(async tx => {
      const { id, name } = await findOwnKey(tx, account.id, input.id)
      await tx.query('update api_keys set revoked_at = $2 where id = $1', [id, context.clock.now()])
      tx.afterCommit(() => forgetKeys(context.db))
      return { id, name }
    })
  },
})
