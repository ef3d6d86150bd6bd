import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { forgetIndexes } from './attribution-index.ts'
import { forgetDatanet } from './datanet.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/**
 * Takes back a row of the caller's: its text and salt are erased at once, its hash stays so that roots still verify.
 * Models already tuned on it are named in the result; retraining without it is not done here.
 */
export const withdraw = verb({
  name: 'withdraw',
  summary: 'Take back one of your contributions; its text is erased.',
  who: ['member'],
  effect: 'vote',
  input: z.object({ contribution: z.string() }),
  output: z.object({ contributionId: z.string(), models: z.array(z.string()) }),
  async run(context, input) {
    const result = await context.commit(async tx => {
      const [row] = await tx.query<{ id: string; proposal_id: string }>(
        `update contributions set question = null, answer = null, salt = null, embedding = null, embedding_of = null, state = 'withdrawn'
         where id::text = $1 and account_id = $2 and state <> 'withdrawn' returning id, proposal_id`,
        [input.contribution, context.caller.accountId],
      )
      if (row === undefined)
        throw fault('contribution-unknown', 'You have no such contribution.', {
          fix: 'Withdraw a row of your own; /submission lists them.',
        })
      const models = await tx.query<{ model: string }>(
        `select p.name || '@' || r.version as model from snapshot_rows s join releases r on r.snapshot_id = s.snapshot_id
         join proposals p on p.id = r.proposal_id where s.contribution_id = $1 order by 1`,
        [row.id],
      )
      await record(context, tx, 'contribution.withdrawn', row.id, {})
      tx.afterCommit(() => forgetDatanet(context, row.proposal_id))
      return { contributionId: row.id, models: models.map(item => item.model) }
    })
    const adapters = await context.db.query<{ hash: string }>(
      `select distinct r.adapter_hash as hash from snapshot_rows s join releases r on r.snapshot_id = s.snapshot_id where s.contribution_id = $1`,
      [result.contributionId],
    )
    await forgetIndexes(
      context,
      adapters.map(item => item.hash),
    )
    return result
  },
})
