import { z } from 'zod'
import { forgetKeys } from './api-key-check.ts'
import { findOwnKey, issuedKey, keyLimits, keyText, newSecret, notes } from './api-keys.ts'
import { findAccount } from './find.ts'
import { verb } from './registry.ts'

/**
 * Gives a key a new secret, returned once; the one before goes on working for the given minutes. Everything else of the
 * key stays, its budget too. Throws `api-key-unknown`, `wrong-state` (revoked).
 */
export const rotateKey = verb({
  name: 'rotate-key',
  summary: 'Give an API key a new secret.',
  who: ['member'],
  effect: 'write',
  inPerson: true,
  input: z.object({
    id: z.string().trim().max(20).describe('which one; /keys lists them'),
    overlapMinutes: z
      .number()
      .int()
      .min(0)
      .max(keyLimits.overlapMinutes)
      .default(0)
      .describe('minutes that the secret before goes on working'),
  }),
  output: issuedKey,
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const { secret, hash } = newSecret()
    let fresh = false
    const rotated = await context.commit(async tx => {
      const key = await findOwnKey(tx, account.id, input.id)
      const until = new Date(context.clock.now().getTime() + input.overlapMinutes * 60_000)
      await tx.query(
        `update api_keys set earlier_hash = secret_hash, earlier_until = $2, secret_hash = $3 where id = $1`,
        [key.id, until, hash],
      )
      tx.afterCommit(() => {
        fresh = true
        forgetKeys(context.db)
      })
      const { id, name, scopes, expiresAt } = key
      return { id, name, scopes, expiresAt: expiresAt.toISOString(), key: null, note: notes.gone }
    })
    return fresh ? { ...rotated, key: keyText(rotated.id, secret), note: notes.shown } : rotated
  },
})
