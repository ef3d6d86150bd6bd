import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { verb } from './registry.ts'

const output = z.object({
  id: z.string(),
  model: z.string(),
  state: z.enum(['queued', 'training', 'trained', 'failed']),
  worker: z.string().nullable(),
  reason: z.string().nullable(),
  recipe: z.record(z.string(), z.unknown()),
  adapterHash: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** The newest word of the trainer; loss in nats a token. */
  progress: z
    .object({
      step: z.number(),
      steps: z.number(),
      loss: z.number(),
      tokens: z.number(),
      tokensPerSecond: z.number(),
      secondsLeft: z.number(),
    })
    .partial()
    .nullable(),
  /** What came of it; null until the run is trained. */
  result: z
    .object({
      steps: z.number(),
      tokens: z.number(),
      tokensPerSecond: z.number(),
      seconds: z.number(),
      firstLoss: z.number(),
      lastLoss: z.number(),
    })
    .nullable(),
  /** The loss curve after the step asked for, in steps. */
  points: z.array(z.object({ step: z.number(), loss: z.number(), tokensPerSecond: z.number() })),
  evaluation: z
    .object({
      rows: z.number(),
      baseLoss: z.number(),
      adapterLoss: z.number(),
      passed: z.boolean(),
      reason: z.string().nullable(),
    })
    .nullable(),
})
export type RunStatus = z.output<typeof output>

interface RunRow {
  id: string
  model: string
  state: RunStatus['state']
  worker: string | null
  reason: string | null
  recipe: Record<string, unknown>
  adapter_hash: string | null
  started_at: Date | null
  ended_at: Date | null
  progress: RunStatus['progress']
  result: RunStatus['result']
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Tells how one training run goes: its recipe, progress, loss curve and evaluation. Throws `run-unknown`. */
export const run = verb({
  name: 'run',
  summary: 'Show a training run with its loss curve.',
  who: ['anyone', 'member', 'operator'],
  effect: 'read',
  input: z.object({
    run: z.string().max(60).describe('the id of a run, or a model for its newest one'),
    after: z.number().int().min(0).default(0).describe('leave out the loss curve up to this step'),
  }),
  output,
  async run({ db }, input) {
    const wanted = input.run.trim().toLowerCase().split('@')[0] ?? ''
    const [row] = await db.query<RunRow>(
      `select r.id, p.name as model, r.state, r.worker, r.reason, r.recipe, r.adapter_hash, r.started_at, r.ended_at, r.progress, r.result
       from runs r join proposals p on p.id = r.proposal_id where ${uuid.test(wanted) ? 'r.id' : 'p.name'} = $1
       order by r.created_at desc limit 1`,
      [wanted],
    )
    if (row === undefined)
      throw fault('run-unknown', `There is no run of "${wanted}".`, {
        fix: 'Look at the proposals with /status.',
      })
    const points = await db.query<{ step: number; loss: number; tokensPerSecond: number }>(
      'select step, loss, tokens_per_second as "tokensPerSecond" from run_steps where run_id = $1 and step > $2 order by step',
      [row.id, input.after],
    )
    const [evaluation] = await db.query<NonNullable<RunStatus['evaluation']>>(
      `select rows, base_loss as "baseLoss", adapter_loss as "adapterLoss", passed, reason from evaluations
       where run_id = $1 order by created_at desc limit 1`,
      [row.id],
    )
    const { adapter_hash, started_at, ended_at, ...rest } = row
    return {
      ...rest,
      adapterHash: adapter_hash,
      startedAt: started_at?.toISOString() ?? null,
      endedAt: ended_at?.toISOString() ?? null,
      points,
      evaluation: evaluation ?? null,
    }
  },
})
