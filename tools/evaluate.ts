import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { heldOutGain } from '../models/attribution/gain.ts'
import { unigramLoss } from '../models/attribution/unigram.ts'
import { checkedAdapter } from './adapter.ts'
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
    const heldOut = parseRows(await context.blobs.get(proposal.evaluationBlob))
    const examples = heldOut.map(row => ({ prompt: row.question, answer: row.answer }))
    const folder = await checkedAdapter(context, run.adapter_hash)
    const base = await context.engine.losses(examples, null)
    const adapter = await context.engine.losses(examples, folder)
    const training = await snapshotRows(context.db, run.snapshot_id)
    const unigram = await unigramLoss(
      context.engine,
      training.flatMap(row => (row.answer === null ? [] : [row.answer])),
      examples,
    )
    const gain = heldOutGain({ base: base.nats, adapter: adapter.nats, unigram })
    const improvement = 100 * (1 - adapter.perToken / base.perToken)
    const wanted = proposal.terms.evaluation.minimumImprovement
    const passed = Number.isFinite(adapter.perToken) && improvement >= wanted
    const reason = passed
      ? null
      : `its loss is ${improvement.toFixed(1)}% under the base model's, and ${wanted}% was voted for`
    const result = {
      rows: examples.length,
      baseLoss: base.perToken,
      adapterLoss: adapter.perToken,
      gain,
      passed,
      reason,
    }
    const hash = sha256Hex(
      canonicalJson({
        run: input.runId,
        adapter: run.adapter_hash,
        evaluation: proposal.evaluationBlob,
        ...result,
      }),
    )
    const id = idFrom('evaluation', input.runId)
    return context.commit(async tx => {
      await tx.query(
        `insert into evaluations (id, run_id, rows, base_loss, adapter_loss, gain, passed, reason, hash, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          id,
          input.runId,
          result.rows,
          result.baseLoss,
          result.adapterLoss,
          gain,
          passed,
          reason,
          hash,
          context.clock.now(),
        ],
      )
      if (!passed)
        await tx.query(`update proposals set state = 'failed', reason = $2 where id = $1`, [
          proposal.id,
          reason,
        ])
      await record(context, tx, 'run.evaluated', input.runId, { ...result, hash })
      return { evaluationId: id, ...result }
    })
  },
})

/** Reads held-out rows from JSON Lines. */
export const parseRows = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => evaluationRow.parse(JSON.parse(line)))
