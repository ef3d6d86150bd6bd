import { ensembleShareTolerance, type ShareBound } from '../../models/attribution/tolerance-ensemble.ts'
import { gainTolerance, shareTolerance } from '../../models/attribution/tolerance-shares.ts'
import {
  type Compare,
  type Comparison,
  compare,
  limitsOf,
  natsWithin,
  outcomesWithin,
  payRows,
  type Recomputed,
} from './recompute-compare.ts'

/** Differences allowed in the shares of one answer and in the ends of their intervals. */
const shareBounds = (it: Recomputed): ((account: string) => ShareBound) => {
  const { evidence, release, found, pay, ensemble, outcomes, tolerance } = it
  const { influence } = found
  const asked = { influence }
  const within = natsWithin(it)
  const divided = {
    rows: payRows(release.rows),
    influence,
    gain: pay.gain,
    gainWithin: gainTolerance(found.nats, within),
    dataUnits: Number((evidence.answer.priceUnits * BigInt(release.contributors)) / 100n),
  }
  const bounds = tolerance.rows(asked)
  if (ensemble === null || outcomes === null) {
    const share = shareTolerance(divided, asked, tolerance, bounds)
    return account => ({ share: share(account), ends: 0 })
  }
  const calibrated = {
    ...divided,
    outcomes,
    outcomesWithin: outcomesWithin(it, outcomes),
    gamma: found.nats.base - found.nats.adapter,
    gammaWithin: within.base + within.adapter,
  }
  return ensembleShareTolerance(ensemble, calibrated, asked, tolerance, bounds)
}

/** Shares of an answer, the ends of their intervals where it has some, and what is left to nobody. */
export const shares: Compare = it => {
  const { attributed } = it.evidence
  const { pay } = it
  if (attributed.abstained !== pay.abstained) {
    const { nearest, allowed } = limitsOf(it)
    return [compare('nats from paying to abstaining, which one of the two did', 0, nearest, allowed)]
  }
  const abstains = Number(pay.abstained !== null)
  const list: Comparison[] = [compare('abstains, 1 if it does', abstains, abstains, 0)]
  const recorded = new Map(attributed.shares.map(share => [share.account, share]))
  const here = new Map(pay.shares.map(share => [share.account, share]))
  const accounts = new Set([...here.keys(), ...recorded.keys()])
  const boundOf = accounts.size === 0 ? () => ({ share: 0, ends: 0 }) : shareBounds(it)
  let all = 1e-9
  for (const account of accounts) {
    const { share, ends } = boundOf(account)
    const [told, found] = [recorded.get(account), here.get(account)]
    all += share
    list.push(compare(`share of ${account}`, told?.share ?? 0, found?.share ?? 0, share))
    for (const end of ['low', 'high'] as const) {
      const [was, is] = [told?.[end] ?? null, found?.[end] ?? null]
      if (was === null && is === null) continue
      // One side alone has an end where the other has no share, or where it says that it has no intervals.
      const missing = told !== undefined && found !== undefined && (was === null || is === null)
      const figure = `${end} end of the share of ${account}`
      list.push(compare(figure, missing ? Number.NaN : (was ?? 0), is ?? 0, ends))
    }
  }
  list.push(compare('unattributed', attributed.unattributed, pay.unattributed, all))
  return list
}
