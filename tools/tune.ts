import { z } from 'zod'
import { idFrom } from '../infra/ids.ts'
import { findProposal, inState } from './find.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

export { defaultRecipe, type Recipe, recipeFor, subsetRecipe } from '../models/engine.ts'

/** How an adapter is tuned; the meaning of every field stands at `Recipe` in models/engine.ts. */
export const recipe = z.object({
  rank: z.number().int().min(1).max(256),
  alpha: z.number().positive(),
  targets: z.array(z.string()).min(1),
  epochs: z.number().int().min(1).max(100),
  batch: z.number().int().min(1).max(1024),
  learningRate: z.number().positive().max(1),
  weightDecay: z.number().min(0).max(1),
  epsilon: z.number().positive(),
  epsilonPlace: z.enum(['inside', 'outside']),
  seed: z.number().int(),
  maxTokens: z.number().int().min(16),
  checkpointEvery: z.number().int().min(1),
  products: z.enum(['float32', 'int8']).optional(),
})

/** Orders a run: the recipe is fixed, a worker will train it. */
export const tune = verb({
  name: 'tune',
  summary: 'Order the tuning of an adapter on a snapshot.',
  who: ['trainer'],
  effect: 'write',
  input: z.object({ proposal: z.string(), snapshotId: z.string(), recipe }),
  output: z.object({ runId: z.string() }),
  async run(context, input) {
    const proposal = await findProposal(context.db, input.proposal)
    inState(proposal, ['tuning'], 'A run starts once the snapshot is frozen.')
    const id = idFrom('run', context.key)
    return context.commit(async tx => {
      await tx.query(
        `insert into runs (id, proposal_id, snapshot_id, recipe, state, created_at) values ($1, $2, $3, $4, 'queued', $5) on conflict (id) do nothing`,
        [id, proposal.id, input.snapshotId, JSON.stringify(input.recipe), context.clock.now()],
      )
      await record(context, tx, 'run.ordered', id, {
        proposal: proposal.id,
        snapshot: input.snapshotId,
        recipe: input.recipe,
      })
      await addJob(context.queue, tx, 'train', { runId: id })
      return { runId: id }
    })
  },
})
