import { z } from 'zod'
import { type Check, examine, groupBy, sumOf, type Wrong } from './check.ts'
import type { Evidence } from './evidence.ts'
import type { BundleRecord } from './format.ts'

type Transfer = BundleRecord<'transfers'>
type Epoch = BundleRecord<'epochs'>

const computedPayload = z.looseObject({
  income: z.string(),
  paid: z.string(),
  commons: z.string(),
  other: z.string(),
})

/** What entered and left one epoch's account, units. */
interface Flow {
  income: bigint
  /** By `kind/account`. */
  shares: Map<string, bigint>
  commons: bigint
  protocol: bigint
}

const flowOf = (epoch: number, moves: readonly Transfer[]): Flow => {
  const account = `income:${epoch}`
  const sum = (wanted: (move: Transfer) => boolean) => sumOf(moves.filter(wanted).map(move => move.units))
  const shares = new Map<string, bigint>()
  for (const { from, to, reason, units } of moves) {
    const kind = /^(contributor|proposer|compute) share$/.exec(reason)?.[1]
    if (from !== account || kind === undefined) continue
    const key = `${kind}/${to.replace(/^owed:/, '')}`
    shares.set(key, (shares.get(key) ?? 0n) + units)
  }
  return {
    income: sum(move => move.to === account) - sum(move => move.from === account && move.reason === 'refund'),
    shares,
    commons: sum(move => move.from === account && move.to.startsWith('commons:')),
    protocol: sum(move => move.from === account && move.to === 'protocol:treasury'),
  }
}

const auditShares = (
  wrong: Wrong,
  what: string,
  payouts: readonly BundleRecord<'payouts'>[],
  flow: Flow,
): void => {
  const left = new Map(flow.shares)
  for (const { kind, account, units } of payouts) {
    const key = `${kind}/${account}`
    if ((left.get(key) ?? 0n) !== units)
      wrong(`${what} owes ${account} ${units} units as ${kind}, booked were ${left.get(key) ?? 0n}`)
    left.delete(key)
  }
  for (const [key, units] of left) wrong(`${what} booked ${units} units to ${key} that no payout names`)
}

const auditSums = (
  wrong: Wrong,
  what: string,
  epoch: Epoch,
  payouts: readonly BundleRecord<'payouts'>[],
  flow: Flow,
): void => {
  const { incomeUnits: income, paidUnits: paid, commonsUnits: commons, otherUnits: other } = epoch
  const sum = (contributors: boolean) =>
    sumOf(payouts.filter(({ kind }) => (kind === 'contributor') === contributors).map(({ units }) => units))
  if (income !== paid + commons + other)
    wrong(`${what} took in ${income} units and divided ${paid + commons + other}`)
  if (income !== flow.income) wrong(`${what} took in ${income} units, booked were ${flow.income}`)
  if (paid !== sum(true)) wrong(`${what} paid contributors ${paid} units, their payouts are ${sum(true)}`)
  if (commons !== flow.commons)
    wrong(`${what} gave the commons ${commons} units, booked were ${flow.commons}`)
  if (other !== sum(false) + flow.protocol)
    wrong(`${what} has ${other} other units, booked were ${sum(false) + flow.protocol}`)
}

/** Checks of every settled epoch that what came in went out, to the unit, to whom the payouts name. */
export const auditEpochs = async ({ records }: Evidence): Promise<Check[]> => {
  const epochs = await examine('every epoch paid out what it took in, to the unit', wrong => {
    const touching = records.transfers.filter(({ from, to }) => /^income:/.test(from) || /^income:/.test(to))
    const moves = groupBy(touching, ({ from, to }) => (/^income:/.test(from) ? from : to))
    const payoutsOf = groupBy(records.payouts, payout => payout.epoch)
    const computed = new Map(
      records.events.filter(event => event.kind === 'epoch.computed').map(event => [event.subject, event]),
    )
    let income = 0n
    for (const [at, epoch] of records.epochs.entries()) {
      const what = `epoch ${epoch.number}`
      if (epoch.number !== at + 1) wrong(`${what} stands in place ${at + 1}`)
      const payouts = payoutsOf.get(epoch.number) ?? []
      payoutsOf.delete(epoch.number)
      const flow = flowOf(epoch.number, moves.get(`income:${epoch.number}`) ?? [])
      moves.delete(`income:${epoch.number}`)
      auditShares(wrong, what, payouts, flow)
      if (epoch.state === 'open' || epoch.state === 'closing') {
        if (payouts.length > 0 || flow.commons + flow.protocol > 0n)
          wrong(`${what} is ${epoch.state} and paid out`)
        continue
      }
      auditSums(wrong, what, epoch, payouts, flow)
      income += epoch.incomeUnits
      const told = computedPayload.safeParse(computed.get(`epoch/${epoch.number}`)?.payload)
      const said = told.success
        ? [told.data.income, told.data.paid, told.data.commons, told.data.other]
        : null
      const kept = [epoch.incomeUnits, epoch.paidUnits, epoch.commonsUnits, epoch.otherUnits]
      if (said === null || said.join() !== kept.join()) wrong(`${what} was computed otherwise by the ledger`)
    }
    for (const number of payoutsOf.keys()) wrong(`payouts name epoch ${number}, which is missing`)
    for (const account of moves.keys()) wrong(`transfers name ${account}, whose epoch is missing`)
    return { count: records.epochs.length, detail: `${income} units divided` }
  })
  return [epochs]
}
