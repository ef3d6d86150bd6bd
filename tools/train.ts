import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import type { Progress, TrainResult } from '../models/engine.ts'
import { adapterFolder, fileAdapter } from './adapter.ts'
import type { Context } from './context.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { snapshotRows, trainingExamples } from './rows.ts'
import { recipe as recipeSchema } from './tune.ts'

interface RunRow {
  id: string
  proposal_id: string
  snapshot_id: string
  recipe: unknown
  state: string
  root: string
}

/**
 * Trains one ordered run to its end, from its last checkpoint where there is one, and files the adapter by hash.
 * Killed at any point, a repeated call gives the same adapter.
 */
export const train = verb({
  name: 'train',
  summary: 'Train an ordered run.',
  who: ['trainer'],
  effect: 'write',
  input: z.object({ runId: z.string() }),
  output: z.object({ runId: z.string(), adapterHash: z.string(), steps: z.number(), lastLoss: z.number() }),
  async run(context, input) {
    const [run] = await context.db.query<RunRow>(
      'select r.id, r.proposal_id, r.snapshot_id, r.recipe, r.state, s.root from runs r join snapshots s on s.id = r.snapshot_id where r.id = $1',
      [input.runId],
    )
    if (run === undefined || !['queued', 'training'].includes(run.state))
      throw fault('run-not-open', 'This run is not waiting for a worker.', {
        fix: 'Order a new run.',
        facts: { run: input.runId },
      })
    const result = await trainRun(context, run)
    return context.commit(async tx => {
      await tx.query(
        `update runs set state = 'trained', result = $2, adapter_hash = $3, ended_at = $4 where id = $1`,
        [run.id, JSON.stringify(result), result.hash, context.clock.now()],
      )
      await tx.query(`update proposals set state = 'evaluating' where id = $1`, [run.proposal_id])
      await record(context, tx, 'run.trained', run.id, {
        ...measured(result),
        adapter: result.hash,
        snapshot: run.snapshot_id,
      })
      await addJob(context.queue, tx, 'lifecycle', { proposalId: run.proposal_id })
      return { runId: run.id, adapterHash: result.hash, steps: result.steps, lastLoss: result.lastLoss }
    })
  },
})

/** Trains a run as it was ordered, from its last checkpoint where there is one, keeps its loss curve and files its adapter. */
export const trainRun = async (
  context: Context,
  run: { id: string; snapshot_id: string; recipe: unknown; root: string },
): Promise<TrainResult> => {
  await context.db.query(
    `update runs set state = 'training', worker = $2, started_at = coalesce(started_at, $3) where id = $1`,
    [run.id, `${hostname()}/${process.pid}`, context.clock.now()],
  )
  const rows = await snapshotRows(context.db, run.snapshot_id)
  const scratch = join(context.folder, 'runs', run.id)
  await mkdir(scratch, { recursive: true })
  const steps = stepWriter(context, run.id)
  const result = await context.engine.train(trainingExamples(rows), recipeSchema.parse(run.recipe), {
    folder: scratch,
    resume: true,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    metadata: { snapshot: run.root, base: context.engine.base.hash, run: run.id },
    onProgress: progress => {
      context.emit({ kind: 'progress', ...progress })
      steps.add(progress)
    },
  })
  await steps.flush()
  await fileAdapter(scratch, adapterFolder(context.folder, result.hash))
  return result
}

/** What the ledger tells of a training. */
export const measured = (result: TrainResult) => ({
  steps: result.steps,
  tokens: result.tokens,
  firstLoss: result.firstLoss,
  lastLoss: result.lastLoss,
})

/** Keeps the loss curve in the database, at most one write under way, so that it never slows the training. */
const stepWriter = (context: Context, runId: string) => {
  let waiting: Progress[] = []
  let writing: Promise<void> = Promise.resolve()
  let busy = false
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await context.db.query(
        `insert into run_steps (run_id, step, loss, tokens_per_second)
         select $1, step, loss, rate from jsonb_to_recordset($2::jsonb) as r(step int, loss float8, rate float8) on conflict do nothing`,
        [
          runId,
          JSON.stringify(
            batch.map(item => ({ step: item.step, loss: item.loss, rate: item.tokensPerSecond })),
          ),
        ],
      )
      await context.db.query('update runs set progress = $2 where id = $1', [
        runId,
        JSON.stringify(batch.at(-1)),
      ])
    }
  }
  const start = (): void => {
    if (busy) return
    busy = true
    writing = write()
      .catch(error => context.log.warn('run.progress-unwritten', { error: error as Error }))
      .finally(() => {
        busy = false
      })
  }
  return {
    add: (progress: Progress): void => {
      waiting.push(progress)
      start()
    },
    flush: async (): Promise<void> => {
      await writing
      start()
      await writing
    },
  }
}
