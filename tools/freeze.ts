import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { findProposal, inState } from './find.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** Ends the gathering of a datanet that has its quota, so that it is frozen into a snapshot as soon as every row is decided. */
export const freeze = verb({
  name: 'freeze',
  summary: 'End the gathering of data for your model, once the quota is reached.',
  who: ['member'],
  effect: 'write',
  input: z.object({ proposal: z.string() }),
  output: z.object({ proposalId: z.string(), accepted: z.number(), undecided: z.number() }),
  async run(context, input) {
    const proposal = await findProposal(context.db, input.proposal)
    inState(proposal, ['gathering'], 'Only a datanet that gathers data can be frozen.')
    if (proposal.proposerId !== context.caller.accountId)
      throw fault('not-allowed', `Only the proposer of "${proposal.name}" can end its gathering.`, {
        fix: 'Ask the proposer.',
      })
    return context.commit(async tx => {
      const [count] = await tx.query<{ accepted: bigint; undecided: bigint }>(
        `select count(*) filter (where state = 'accepted') as accepted, count(*) filter (where state = 'received') as undecided from contributions where proposal_id = $1`,
        [proposal.id],
      )
      const [accepted, undecided] = [Number(count?.accepted ?? 0n), Number(count?.undecided ?? 0n)]
      if (accepted + undecided < proposal.terms.rowsWanted)
        throw fault(
          'quota-missing',
          `"${proposal.name}" has ${accepted} accepted rows of the ${proposal.terms.rowsWanted} it was voted for.`,
          {
            fix: 'Gather more rows first.',
            facts: { accepted, undecided },
          },
        )
      await tx.query(
        'update proposals set gathering_closed_at = coalesce(gathering_closed_at, $2) where id = $1',
        [proposal.id, context.clock.now()],
      )
      await record(context, tx, 'gathering.closed', proposal.id, { accepted, undecided })
      await addJob(context.queue, tx, 'lifecycle', { proposalId: proposal.id })
      return { proposalId: proposal.id, accepted, undecided }
    })
  },
})
