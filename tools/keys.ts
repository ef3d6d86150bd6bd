import { z } from 'zod'
import { periodAt, spentSince } from './api-key-budget.ts'
import { type BudgetPeriod, budgetPeriods, scopes } from './api-keys.ts'
import type { Scope } from './context.ts'
import { findAccount } from './find.ts'
import { speakersFor } from './person.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/** Lists the API keys that speak for the caller's account, newest first; never their secrets. */
export const keys = verb({
  name: 'keys',
  summary: 'List your API keys, what they may do and what they have spent.',
  who: ['member'],
  effect: 'read',
  inPerson: true,
  input: z.object({}),
  output: z.object({
    keys: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        state: z.enum(['active', 'expired', 'revoked']),
        scopes: z.array(z.enum(scopes)),
        ratePerMinute: z.number(),
        /** Null: as much as the account has. */
        budgetUnits: unitsText.nullable(),
        budgetPeriod: z.enum(budgetPeriods).nullable(),
        /** In the budget's current period. */
        spentUnits: unitsText,
        createdAt: z.string(),
        expiresAt: z.string(),
        /** To the minute. */
        lastUsedAt: z.string().nullable(),
      }),
    ),
  }),
  async run({ db, clock, caller }) {
    const account = await findAccount(db, caller.accountId)
    const now = clock.now()
    const rows = await db.query<Row>(
      `select id, name, scopes, rate_per_minute as "ratePerMinute", budget_units as "budgetUnits", budget_period as "budgetPeriod",
         created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt"
       from api_keys where account_id = any($1::uuid[]) order by created_at desc, id limit 500`,
      [await speakersFor(db, account.id)],
    )
    return { keys: await Promise.all(rows.map(async row => shown(row, now, await spent(row)))) }

    function spent({ id, budgetPeriod }: Row): Promise<bigint> | bigint {
      return budgetPeriod === null ? 0n : spentSince(db, id, periodAt(budgetPeriod, now).from)
    }
  },
})

interface Row {
  readonly id: string
  readonly name: string
  readonly scopes: Scope[]
  readonly ratePerMinute: number
  readonly budgetUnits: bigint | null
  readonly budgetPeriod: BudgetPeriod | null
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
}

const shown = ({ revokedAt, ...row }: Row, now: Date, spentUnits: bigint) => ({
  ...row,
  state:
    revokedAt !== null
      ? ('revoked' as const)
      : row.expiresAt <= now
        ? ('expired' as const)
        : ('active' as const),
  budgetUnits: row.budgetUnits?.toString() ?? null,
  spentUnits: spentUnits.toString(),
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
})
