import { z } from 'zod'
import { idWord } from '../infra/ids.ts'
import { findProposal, inState } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/** Pays the pledges of a rejected proposal back to the wallets they came from. */
export const refundPledges = verb({
  name: 'refund-pledges',
  summary: 'Pay back the pledges of a proposal that was rejected.',
  who: ['treasurer'],
  effect: 'money',
  input: z.object({ proposal: z.string() }),
  output: z.object({ refundedUnits: unitsText }),
  async run(context, input) {
    const proposal = await findProposal(context.db, input.proposal)
    inState(proposal, ['rejected'], 'Pledges are paid back when a proposal is rejected.')
    const pledges = await context.db.query<{ account_id: string; wallet: number; units: bigint }>(
      `select p.account_id, a.wallet, sum(p.units)::bigint as units from pledges p join accounts a on a.id = p.account_id where p.proposal_id = $1 group by 1, 2 order by 1`,
      [proposal.id],
    )
    // The contract keeps one sum an account, and pays it back once.
    for (const pledge of pledges)
      await context.chain.refundPledge(`refund/${proposal.id}/${pledge.account_id}`, {
        proposalId: idWord(proposal.id),
        account: context.chain.address(pledge.wallet),
      })
    const units = pledges.reduce((sum, pledge) => sum + pledge.units, 0n)
    return context.commit(async tx => {
      await record(context, tx, 'pledge.refunded', proposal.id, { units, accounts: pledges.length })
      return { refundedUnits: units.toString() }
    })
  },
})
