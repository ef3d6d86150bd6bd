import { z } from 'zod'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** Gives up a run that cannot be trained, with the reason that its proposer reads. */
export const abandon = verb({
  name: 'abandon',
  summary: 'Give up a run that cannot be trained.',
  who: ['trainer'],
  effect: 'write',
  input: z.object({ runId: z.string(), reason: z.string().min(1).max(500) }),
  output: z.object({ runId: z.string() }),
  async run(context, input) {
    return context.commit(async tx => {
      const [run] = await tx.query<{ proposal_id: string }>(
        `update runs set state = 'failed', reason = $2, ended_at = $3 where id = $1 and state in ('queued', 'training') returning proposal_id`,
        [input.runId, input.reason, context.clock.now()],
      )
      if (run !== undefined) {
        await tx.query(`update proposals set state = 'failed', reason = $2 where id = $1`, [
          run.proposal_id,
          input.reason,
        ])
        await record(context, tx, 'run.abandoned', input.runId, { reason: input.reason })
      }
      return { runId: input.runId }
    })
  },
})
