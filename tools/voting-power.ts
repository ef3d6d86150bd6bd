import type { Db } from '../infra/db.ts'
import { limits } from './limits.ts'

/**
 * What every account can vote with now, units: earnings settled from other people's payments (own questions never pay
 * their asker, so all settled earnings are), plus its prepaid balance up to the cap. Linear in earnings: a square root
 * would reward splitting accounts. Before any datanet exists, earnings count network-wide.
 */
export const votingPower = async (db: Db): Promise<{ accountId: string; weightUnits: bigint }[]> => {
  const stakes = await db.query<{ id: string; earned: bigint; stake: bigint }>(
    `select a.id,
       coalesce((select sum(units) from payouts p join epochs e on e.number = p.epoch
         where p.account_id = a.id and p.kind = 'contributor' and e.state = 'active'), 0)::bigint as earned,
       least(coalesce((select units from balances where account = 'balance:' || a.id), 0), $1)::bigint as stake
     from accounts a order by a.id`,
    [limits.stakeCap],
  )
  return stakes
    .map(row => ({ accountId: row.id, weightUnits: row.earned + row.stake }))
    .filter(power => power.weightUnits > 0n)
}
