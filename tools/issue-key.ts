import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import {
  budgetPeriods,
  issuedKey,
  keyLimits,
  keyText,
  newKeyId,
  newSecret,
  notes,
  scopes,
} from './api-keys.ts'
import { findAccount } from './find.ts'
import { verb } from './registry.ts'
import { tokens } from './terms.ts'

/**
 * Issues an API key that speaks for the caller's account. Its secret is returned once and stored nowhere: a repeated call
 * returns null in its place. Throws `keys-too-many`.
 */
export const issueKey = verb({
  name: 'issue-key',
  summary: 'Issue an API key, with which a program asks and acts for you.',
  who: ['member'],
  effect: 'write',
  inPerson: true,
  input: z.object({
    name: z.string().trim().min(1).max(60).describe('what the key is for, such as my-notebook'),
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .max(scopes.length)
      .default(['ask', 'read'])
      .describe('what it may do: ask, read, write, money, vote'),
    days: z
      .number()
      .int()
      .min(1)
      .max(keyLimits.days.most)
      .default(keyLimits.days.default)
      .describe('days until it expires'),
    budget: tokens.optional().describe('tokens that it may spend; without it, all that you have'),
    period: z
      .enum(budgetPeriods)
      .default('month')
      .describe('what the budget is for: a day, a month, or ever'),
    ratePerMinute: z
      .number()
      .int()
      .min(1)
      .max(keyLimits.ratePerMinute.most)
      .default(keyLimits.ratePerMinute.default)
      .describe('requests that it may make in a minute'),
  }),
  output: issuedKey,
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const { secret, hash } = newSecret()
    let fresh = false
    const issued = await context.commit(async tx => {
      const now = context.clock.now()
      await tx.query('select id from accounts where id = $1 for update', [account.id])
      const live = await tx.query(
        'select id from api_keys where account_id = $1 and revoked_at is null and expires_at > $2',
        [account.id, now],
      )
      if (live.length >= keyLimits.keys)
        throw fault('keys-too-many', `You have ${live.length} API keys that work.`, {
          fix: 'Revoke one that nobody uses with /revoke-key.',
        })
      const id = newKeyId()
      const expiresAt = new Date(now.getTime() + input.days * 86_400_000)
      const granted = [...new Set(input.scopes)]
      await tx.query(
        `insert into api_keys (id, account_id, name, secret_hash, scopes, rate_per_minute, budget_units, budget_period, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          id,
          account.id,
          input.name,
          hash,
          granted,
          input.ratePerMinute,
          input.budget ?? null,
          input.budget === undefined ? null : input.period,
          now,
          expiresAt,
        ],
      )
      tx.afterCommit(() => {
        fresh = true
      })
      const told = { id, name: input.name, scopes: granted, expiresAt: expiresAt.toISOString() }
      return { ...told, key: null, note: notes.gone }
    })
    return fresh ? { ...issued, key: keyText(issued.id, secret), note: notes.shown } : issued
  },
})
