import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { idWord } from '../infra/ids.ts'
import { findProposal, inState } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/**
 * Returns the bond and pays back the pledges of a proposal that ended without a release: rejected, failed, or not
 * delivered before its deadline. The chain decides from when; earlier it is refused.
 */
export const unwind = verb({
  name: 'unwind',
  summary: 'Return the bond and the pledges of a proposal that ended without a release.',
  who: ['treasurer'],
  effect: 'money',
  input: z.object({ proposal: z.string() }),
  output: z.object({ bondUnits: unitsText, pledgedUnits: unitsText }),
  async run(context, input) {
    const { chain } = context
    const proposal = await findProposal(context.db, input.proposal)
    inState(
      proposal,
      ['rejected', 'failed', 'gathering'],
      'Only a proposal that has ended without a release is unwound.',
    )
    const proposalId = idWord(proposal.id)
    const { status, bondHeldUnits } = await chain.proposal(proposalId)
    if (status !== 'rejected' && status !== 'expired')
      throw fault('not-ended', `The chain does not count "${proposal.name}" as ended yet.`, {
        fix: 'Wait for its deadline.',
        retry: true,
      })
    const pledges = await context.db.query<{ account_id: string; wallet: number; units: bigint }>(
      `select p.account_id, a.wallet, sum(p.units)::bigint as units from pledges p join accounts a on a.id = p.account_id where p.proposal_id = $1 group by 1, 2 order by 1`,
      [proposal.id],
    )
    await chain.closeProposal(`close/${proposal.id}`, { proposalId })
    // The contract keeps one sum an account, and pays it back once.
    for (const { account_id, wallet } of pledges)
      await chain.refundPledge(`refund/${proposal.id}/${account_id}`, {
        proposalId,
        account: chain.address(wallet),
      })
    const pledgedUnits = pledges.reduce((sum, pledge) => sum + pledge.units, 0n)
    return context.commit(async tx => {
      await tx.query(
        `update proposals set state = case when state = 'gathering' then 'failed' else state end,
           reason = coalesce(reason, 'it was not delivered before its deadline'), unwound_at = $2 where id = $1`,
        [proposal.id, context.clock.now()],
      )
      await record(context, tx, 'proposal.unwound', proposal.id, { pledgedUnits, accounts: pledges.length })
      return { bondUnits: bondHeldUnits.toString(), pledgedUnits: pledgedUnits.toString() }
    })
  },
})
