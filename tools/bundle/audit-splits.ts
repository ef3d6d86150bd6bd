import { splitUnits } from '../../infra/units.ts'
import { type Check, examine, groupBy, sumOf } from './check.ts'
import type { Evidence } from './evidence.ts'
import type { Records } from './format.ts'

/** What the parts of one epoch's income come to, units. */
interface Due {
  data: bigint
  /** By the proposer's account. */
  proposers: Map<string, bigint>
  compute: bigint
  protocol: bigint
}

/** Divides what each release earned by the split of its datanet, as `settle` does: to the unit, by largest remainder. */
const dueOf = (answers: Records['answers'], releases: Map<string, Records['proposals'][number]>): Due => {
  const due: Due = { data: 0n, proposers: new Map(), compute: 0n, protocol: 0n }
  for (const [release, given] of groupBy(answers, answer => answer.release)) {
    const proposal = releases.get(release)
    if (proposal === undefined) continue
    const { contributors, proposer, compute, reviewers, commons, protocol } = proposal.split
    const parts = splitUnits(
      sumOf(given.map(answer => answer.priceUnits)),
      [contributors, proposer, compute, reviewers, commons, protocol].map(BigInt),
    )
    due.data += parts[0] ?? 0n
    due.proposers.set(proposal.proposer, (due.proposers.get(proposal.proposer) ?? 0n) + (parts[1] ?? 0n))
    due.compute += parts[2] ?? 0n
    due.protocol += parts[5] ?? 0n
  }
  return due
}

/** Checks that proposers, compute and the protocol got their parts of every epoch, and contributors no more than theirs. */
export const auditSplits = async ({ records }: Evidence): Promise<Check[]> => {
  const splits = await examine("every epoch was divided by its datanets' splits", wrong => {
    const proposals = new Map(records.proposals.map(proposal => [proposal.id, proposal]))
    const releases = new Map(
      records.releases.flatMap(({ id, proposal }) => {
        const found = proposals.get(proposal)
        return found === undefined ? [] : [[id, found] as const]
      }),
    )
    const answersOf = groupBy(
      records.answers.filter(answer => answer.state === 'answered'),
      answer => answer.epoch,
    )
    const payoutsOf = groupBy(records.payouts, payout => payout.epoch)
    const protocolOf = groupBy(
      records.transfers.filter(transfer => transfer.reason === 'protocol share'),
      transfer => transfer.from,
    )
    const settled = records.epochs.filter(epoch => epoch.state !== 'open' && epoch.state !== 'closing')
    for (const { number } of settled) {
      const what = `epoch ${number}`
      const due = dueOf(answersOf.get(number) ?? [], releases)
      const payouts = payoutsOf.get(number) ?? []
      const paid = (kind: string) =>
        sumOf(payouts.filter(payout => payout.kind === kind).map(({ units }) => units))
      for (const { account, units } of payouts.filter(payout => payout.kind === 'proposer')) {
        const part = due.proposers.get(account) ?? 0n
        due.proposers.delete(account)
        if (units !== part) wrong(`${what} owes the proposer ${account} ${part} units, not ${units}`)
      }
      for (const [account, units] of due.proposers)
        if (units > 0n) wrong(`${what} owes the proposer ${account} ${units} units and paid none`)
      if (paid('contributor') > due.data)
        wrong(`${what} paid contributors more than their part of ${due.data} units`)
      // A node without an operator's account leaves this part to the commons.
      if (paid('compute') !== due.compute && paid('compute') !== 0n)
        wrong(`${what} paid ${paid('compute')} of ${due.compute} units for compute`)
      const protocol = sumOf((protocolOf.get(`income:${number}`) ?? []).map(({ units }) => units))
      if (protocol !== due.protocol) wrong(`${what} gave the protocol ${protocol} of ${due.protocol} units`)
    }
    return { count: settled.length, detail: 'proposers, compute, protocol; contributors at most their part' }
  })
  return [splits]
}
