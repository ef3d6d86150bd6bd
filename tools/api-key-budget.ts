import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { formatUnits } from '../infra/units.ts'
import type { BudgetPeriod } from './api-keys.ts'
import type { Network } from './context.ts'

/** When a budget's current period began, and when the next one does; null where there is none. */
export const periodAt = (period: BudgetPeriod, now: Date): { from: Date; next: Date | null } => {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  if (period === 'day')
    return { from: new Date(Date.UTC(year, month, day)), next: new Date(Date.UTC(year, month, day + 1)) }
  if (period === 'month')
    return { from: new Date(Date.UTC(year, month)), next: new Date(Date.UTC(year, month + 1)) }
  return { from: new Date(0), next: null }
}

/** What a key has spent in a period, units. */
export const spentSince = async (db: Db, keyId: string, from: Date): Promise<bigint> => {
  const [sum] = await db.query<{ units: bigint }>(
    'select coalesce(sum(units), 0)::bigint as units from api_key_spends where key_id = $1 and at >= $2',
    [keyId, from],
  )
  return sum?.units ?? 0n
}

/**
 * Takes what a call will cost from its key's budget, once a call however often it is repeated. Throws `budget-spent`, with
 * `retryAfterSeconds` where the budget comes back.
 */
export const reserve = (network: Network, keyId: string, callKey: string, units: bigint): Promise<void> =>
  network.db.tx(async tx => {
    // The row's lock puts the calls of one key in line: two never pass on the same last unit.
    const [key] = await tx.query<{ budget_units: bigint | null; budget_period: BudgetPeriod | null }>(
      'select budget_units, budget_period from api_keys where id = $1 for update',
      [keyId],
    )
    if (key === undefined || key.budget_units === null || key.budget_period === null) return
    const [reserved] = await tx.query('select call_key from api_key_spends where call_key = $1', [callKey])
    if (reserved !== undefined) return
    const now = network.clock.now()
    const { from, next } = periodAt(key.budget_period, now)
    const left = key.budget_units - (await spentSince(tx, keyId, from))
    if (units > left)
      throw fault(
        'budget-spent',
        `This costs more than the ${formatUnits(left)} tokens left to this API key.`,
        {
          fix: 'Wait for its next period, or issue a key with a larger budget.',
          facts:
            next === null ? {} : { retryAfterSeconds: Math.ceil((next.getTime() - now.getTime()) / 1000) },
        },
      )
    await tx.query('insert into api_key_spends (call_key, key_id, units, at) values ($1, $2, $3, $4)', [
      callKey,
      keyId,
      units,
      now,
    ])
  })

/**
 * Gives back what a call took that failed, unless money has moved under its key all the same: another call under it goes on
 * or has ended well, or it is finished at the next start.
 */
export const release = async (network: Network, callKey: string): Promise<void> => {
  await network.db.query(
    `delete from api_key_spends where call_key = $1 and not exists (select from calls where key = $1)
       and not exists (select from answers where id = $2 and state <> 'refunded')
       and not exists (select from chain_transactions where key = $1 and status <> 'reverted')`,
    [callKey, idFrom('answer', callKey)],
  )
}
