import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { heldOutGain } from '../models/attribution/gain.ts'
import { unigramLoss } from '../models/attribution/unigram.ts'
import { checkedAdapter } from './adapter.ts'
import type { Context } from './context.ts'
import { findProposal, inState } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { snapshotRows } from './rows.ts'
import { evaluationRow } from './terms.ts'

/**
 * Judges a trained run on the held-out rows: loss of the answer tokens with and without the adapter. It passes when it
 * beats the base by the improvement that was voted for. Nothing is released here.
 */
export const evaluate = verb({
  name: 'evaluate',
  summary: 'Judge a trained run on the held-out rows.',
  who: ['trainer'],
  effect: 'write',
  input: z.object({ runId: z.string() }),
  output: z.object({
    evaluationId: z.string(),
    rows: z.number(),
    baseLoss: z.number(),
    adapterLoss: z.number(),
    gain: z.number(),
    passed: z.boolean(),
    reason: z.string().nullable(),
  }),
  async run(context, input) {
    const [run] = await context.db.query<{
      proposal_id: string
      snapshot_id: string
      adapter_hash: string | null
    }>(`select proposal_id, snapshot_id, adapter_hash from runs where id = $1 and state = 'trained'`, [
      input.runId,
    ])
    if (run === undefined || run.adapter_hash === null)
      throw fault('run-not-trained', 'This run has no adapter yet.', {
        fix: 'Wait until it is trained.',
        retry: true,
      })
    const proposal = await findProposal(context.db, run.proposal_id)
    inState(proposal, ['evaluating'], 'A run is judged once, before its release.')
    const judged = await judge(context, {
      runId: input.runId,
      adapterHash: run.adapter_hash,
      snapshotId: run.snapshot_id,
      evaluationBlob: proposal.evaluationBlob,
      minimumImprovement: proposal.terms.evaluation.minimumImprovement,
    })
    const id = idFrom('evaluation', input.runId)
    return context.commit(async tx => {
      const { passed, reason } = judged.result
      await keepEvaluation(context, tx, input.runId, judged)
      if (!passed)
        await tx.query(`update proposals set state = 'failed', reason = $2 where id = $1`, [
          proposal.id,
          reason,
        ])
      return { evaluationId: id, ...judged.result }
    })
  },
})

/** A run with what it is judged by. */
interface Trial {
  readonly runId: string
  readonly adapterHash: string
  readonly snapshotId: string
  readonly evaluationBlob: string
  /** Percent under the base model's loss. */
  readonly minimumImprovement: number
}

/** What an evaluation found, and the hash under which it is known. Losses in nats a token. */
export interface Judgement {
  readonly result: {
    readonly rows: number
    readonly baseLoss: number
    readonly adapterLoss: number
    readonly gain: number
    readonly passed: boolean
    readonly reason: string | null
  }
  readonly hash: string
}

/** Measures an adapter on held-out rows against the base. */
export const judge = async (context: Context, trial: Trial): Promise<Judgement> => {
  const heldOut = parseRows(await context.blobs.get(trial.evaluationBlob))
  const examples = heldOut.map(row => ({ prompt: row.question, answer: row.answer }))
  const folder = await checkedAdapter(context, trial.adapterHash)
  const base = await context.engine.losses(examples, null)
  const adapter = await context.engine.losses(examples, folder)
  const training = await snapshotRows(context.db, trial.snapshotId)
  const unigram = await unigramLoss(
    context.engine,
    training.flatMap(row => (row.answer === null ? [] : [row.answer])),
    examples,
  )
  const gain = heldOutGain({ base: base.nats, adapter: adapter.nats, unigram })
  const improvement = 100 * (1 - adapter.perToken / base.perToken)
  const wanted = trial.minimumImprovement
  const passed = Number.isFinite(adapter.perToken) && improvement >= wanted
  const reason = passed
    ? null
    : `its loss is ${improvement.toFixed(1)}% under the base model's, and ${wanted}% was voted for`
  return hashed(trial, {
    rows: examples.length,
    baseLoss: base.perToken,
    adapterLoss: adapter.perToken,
    gain,
    passed,
    reason,
  })
}

/** A judgement under the hash of what was judged, by what and how it came out. */
export const hashed = (
  trial: Pick<Trial, 'runId' | 'adapterHash' | 'evaluationBlob'>,
  result: Judgement['result'],
): Judgement => ({
  result,
  hash: sha256Hex(
    canonicalJson({
      run: trial.runId,
      adapter: trial.adapterHash,
      evaluation: trial.evaluationBlob,
      ...result,
    }),
  ),
})

/** Keeps a run's evaluation with its event. */
export const keepEvaluation = async (
  context: Context,
  tx: Db,
  runId: string,
  { result, hash }: Judgement,
): Promise<void> => {
  const { rows, baseLoss, adapterLoss, gain, passed, reason } = result
  await tx.query(
    `insert into evaluations (id, run_id, rows, base_loss, adapter_loss, gain, passed, reason, hash, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      idFrom('evaluation', runId),
      runId,
      rows,
      baseLoss,
      adapterLoss,
      gain,
      passed,
      reason,
      hash,
      context.clock.now(),
    ],
  )
  await record(context, tx, 'run.evaluated', runId, { ...result, hash })
}

/** Reads held-out rows from JSON Lines. */
export const parseRows = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => evaluationRow.parse(JSON.parse(line)))
