import { z } from 'zod'
import { idFrom, idWord } from '../infra/ids.ts'
import { findAccount, findProposal, inState } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { tokens } from './terms.ts'

/** Prepays demand for a model that does not exist yet: escrowed on chain, a prepaid balance once it is released, refunded if it never is. */
export const pledge = verb({
  name: 'pledge',
  summary: 'Prepay questions to a model that is still a proposal; refunded if it is never released.',
  who: ['member'],
  effect: 'money',
  input: z.object({ proposal: z.string(), tokens }),
  output: z.object({ pledgeId: z.string(), tx: z.string() }),
  cost: async (_network, _caller, { tokens: units }) => units,
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const proposal = await findProposal(context.db, input.proposal)
    inState(
      proposal,
      ['voting', 'gathering'],
      'Pledge while a proposal is being voted on or gathers its data.',
    )
    const id = idFrom('pledge', context.key)
    const { tx: hash } = await context.chain.pledge(context.key, {
      proposalId: idWord(proposal.id),
      wallet: account.wallet,
      units: input.tokens,
    })
    return context.commit(async tx => {
      await tx.query(
        'insert into pledges (id, proposal_id, account_id, units, tx, created_at) values ($1, $2, $3, $4, $5, $6)',
        [id, proposal.id, account.id, input.tokens, hash, context.clock.now()],
      )
      await record(context, tx, 'pledge.made', proposal.id, { pledge: id, units: input.tokens, tx: hash })
      return { pledgeId: id, tx: hash }
    })
  },
})
