import { z } from 'zod'
import { fault, isFault } from '../infra/errors.ts'
import { withLease } from '../infra/leases.ts'
import type { TrainResult } from '../models/engine.ts'
import type { Context } from './context.ts'
import { judge } from './evaluate.ts'
import { limits } from './limits.ts'
import { type Ordered, orderedBy, orderRun } from './own-models/order.ts'
import { leastImprovement, ownerOf } from './own-models/proposal.ts'
import { releaseOwn } from './own-models/release.ts'
import { mostRows, type Parted, partRows } from './own-models/rows.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { modelName, terms, tokens } from './terms.ts'
import { measured, trainRun } from './train.ts'
import { defaultRecipe } from './tune.ts'

const text = z.string().max(limits.rowCharacters * 2)

const count = z.number().int().min(0)

/**
 * Makes a model of the caller's own in one call, without a vote: keeps the rows as their owner's contributions, holds a
 * tenth out, tunes, judges, and serves the next version of that name. Minutes; its updates are the training's progress.
 * Cancelled or killed, the same call (same key) goes on from the checkpoint. Nothing is served that is no better than the base.
 * Throws `rows-too-few`, `licence-unknown`, `name-taken`, `price-fixed`, `no-improvement`, `lease-held` while another makes
 * a version of it, and what the training throws.
 */
export const fineTune = verb({
  name: 'fine-tune',
  summary: 'Tune a model of your own on your rows and serve it, without a vote.',
  who: ['operator'],
  effect: 'write',
  input: z.object({
    name: modelName,
    purpose: terms.shape.purpose.optional(),
    price: tokens.optional().describe('tokens a question; nothing by default'),
    licence: z.string().trim().min(1).max(60).describe('SPDX expression for the rows that name none'),
    rights: z.literal(true, { error: 'say that you may use these rows under this licence (rights=true)' }),
    account: z.uuid().optional().describe("whose rows they are; the operator's by default"),
    calibrate: z.boolean().default(false).describe('measure how sure the attribution is, too'),
    rows: z
      .array(z.object({ question: text, answer: text, licence: z.string().max(60).optional() }))
      .min(1)
      .max(mostRows),
  }),
  output: z.object({
    releaseId: z.string(),
    model: z.string(),
    version: z.number(),
    runId: z.string(),
    adapterHash: z.string(),
    rows: count,
    heldOut: count,
    dropped: z.object({ empty: count, tooLong: count, duplicate: count }),
    /** Rows that seem to hold personal data or a secret; they are in. */
    warnings: z.object({ personalData: count, secrets: count }),
    /** Nats a token over the held-out answers. */
    baseLoss: z.number(),
    adapterLoss: z.number(),
    steps: count,
    /** Of the training. */
    seconds: z.number(),
  }),
  async run(context, input) {
    const { name, price, purpose } = input
    const fits = (question: string) =>
      context.engine.encode(question).length < defaultRecipe.maxTokens - templateTokens
    return withLease(context.db, context.clock, `own-model/${name}`, 60, async () => {
      const parted = partRows(input.rows, input.licence, fits)
      const accountId = await ownerOf(context, input.account)
      const wanted = { name, origin: 'own', accountId, purpose, price } as const
      const run = (await orderedBy(context)) ?? (await orderRun(context, wanted, parted))
      const { trained, judged } = await trainAndJudge(context, name, run)
      return context.commit(async tx => {
        await tx.query(
          `update runs set state = 'trained', result = $2, adapter_hash = $3, ended_at = $4 where id = $1`,
          [run.id, JSON.stringify(trained), trained.hash, context.clock.now()],
        )
        await record(context, tx, 'run.trained', run.id, {
          ...measured(trained),
          adapter: trained.hash,
          snapshot: run.snapshot_id,
        })
        const { releaseId, version } = await releaseOwn(context, tx, {
          origin: 'own',
          name,
          proposalId: run.proposal_id,
          runId: run.id,
          snapshotId: run.snapshot_id,
          root: run.root,
          adapterHash: trained.hash,
          judged,
          calibrate: input.calibrate,
        })
        return {
          releaseId,
          model: `${name}@${version}`,
          version,
          runId: run.id,
          adapterHash: trained.hash,
          ...told(parted),
          baseLoss: judged.result.baseLoss,
          adapterLoss: judged.result.adapterLoss,
          steps: trained.steps,
          seconds: trained.seconds,
        }
      })
    })
  },
})

/** What the chat template adds to a question, at most. */
const templateTokens = 16

const told = ({ training, heldOut, dropped, warnings }: Parted) => ({
  rows: training.length,
  heldOut: heldOut.length,
  dropped,
  warnings,
})

/** A run that failed for good says so; what was stopped can go on. */
const trainAndJudge = async (context: Context, name: string, run: Ordered) => {
  try {
    const trained: TrainResult = await trainRun(context, run)
    const judged = await judge(context, {
      runId: run.id,
      adapterHash: trained.hash,
      snapshotId: run.snapshot_id,
      evaluationBlob: run.evaluation_blob,
      minimumImprovement: leastImprovement,
    })
    const { baseLoss, adapterLoss, passed } = judged.result
    if (passed) return { trained, judged }
    throw fault(
      'no-improvement',
      `"${name}" is not served: its held-out loss is ${adapterLoss.toFixed(3)} nats a token, the base model's ${baseLoss.toFixed(3)}.`,
      { fix: 'Bring more rows, or rows that have more in common.', facts: { baseLoss, adapterLoss } },
    )
  } catch (error) {
    if (context.signal?.aborted !== true && isFault(error) && !error.retry)
      await giveUp(context, run, error.message)
    throw error
  }
}

/** The model keeps the versions it has; one without any has failed. */
const giveUp = ({ db, clock }: Context, run: Ordered, reason: string): Promise<void> =>
  db.tx(async tx => {
    await tx.query(`update runs set state = 'failed', reason = $2, ended_at = $3 where id = $1`, [
      run.id,
      reason.slice(0, 500),
      clock.now(),
    ])
    await tx.query(
      `update proposals set state = 'failed', reason = $2 where id = $1 and not exists (select from releases where proposal_id = $1)`,
      [run.proposal_id, reason.slice(0, 500)],
    )
  })
