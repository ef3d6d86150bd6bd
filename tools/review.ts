import { z } from 'zod'
import { addJob } from './jobs.ts'
import { notify } from './notify.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

const decision = z.object({
  id: z.string(),
  verdict: z.enum(['accepted', 'refused', 'review']),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  fix: z.string().nullable(),
  /** The row this one repeats, another account's for a refused duplicate. */
  firstId: z.string().nullable(),
  /** Rows that say nearly the same share one cluster, and one unit of weight. */
  clusterId: z.string().nullable(),
})

/** Records the curator's verdict on every row of a submission. A row that was decided already keeps its first verdict. */
export const review = verb({
  name: 'review',
  summary: 'Record the verdicts on the rows of one submission.',
  who: ['curator'],
  effect: 'write',
  input: z.object({ submissionId: z.string(), decisions: z.array(decision) }),
  output: z.object({ accepted: z.number(), refused: z.number(), review: z.number() }),
  async run(context, input) {
    return context.commit(async tx => {
      const rows = input.decisions.map(item => ({
        id: item.id,
        state: item.verdict,
        reason: item.reason,
        message: item.message,
        fix: item.fix,
        first_id: item.firstId,
        cluster_id: item.clusterId,
      }))
      const decided = await tx.query<{ state: string }>(
        `update contributions c set state = r.state, reason = r.reason, message = r.message, fix = r.fix, first_id = r.first_id,
           cluster_id = r.cluster_id, decided_at = $2
         from jsonb_to_recordset($1::jsonb) as r(id uuid, state text, reason text, message text, fix text, first_id uuid, cluster_id uuid)
         where c.id = r.id and c.state = 'received' returning c.state`,
        [JSON.stringify(rows), context.clock.now()],
      )
      const [submission] = await tx.query<{ proposal_id: string; account_id: string }>(
        `update submissions set state = 'curated' where id = $1 returning proposal_id, account_id`,
        [input.submissionId],
      )
      const count = (state: string) => decided.filter(row => row.state === state).length
      const counts = { accepted: count('accepted'), refused: count('refused'), review: count('review') }
      await record(context, tx, 'contribution.reviewed', input.submissionId, {
        ...counts,
        verdicts: input.decisions.map(item => ({
          id: item.id,
          verdict: item.verdict,
          reason: item.reason,
          first: item.firstId,
        })),
      })
      if (submission !== undefined) {
        await notify(context, tx, submission.account_id, 'contribution.reviewed', {
          submission: input.submissionId,
          ...counts,
        })
        await addJob(context.queue, tx, 'lifecycle', { proposalId: submission.proposal_id })
      }
      return counts
    })
  },
})
