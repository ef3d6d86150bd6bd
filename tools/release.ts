import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { idFrom, idWord } from '../infra/ids.ts'
import { transfer } from '../infra/money.ts'
import { findProposal, inState } from './find.ts'
import { addJob } from './jobs.ts'
import { notify } from './notify.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

interface Judged {
  proposal_id: string
  snapshot_id: string
  adapter_hash: string
  root: string
  evaluation_id: string
  evaluation_hash: string
  passed: boolean
}

/**
 * Releases a run that passed its gate: commits the adapter and the release on chain, which returns the rest of the bond,
 * and turns the pledges into prepaid balances of those who made them.
 */
export const release = verb({
  name: 'release',
  summary: 'Release a run that passed its evaluation.',
  who: ['trainer'],
  effect: 'write',
  input: z.object({ runId: z.string() }),
  output: z.object({ releaseId: z.string(), model: z.string(), adapterHash: z.string(), tx: z.string() }),
  async run(context, input) {
    const [run] = await context.db.query<Judged>(
      `select r.proposal_id, r.snapshot_id, r.adapter_hash, s.root, e.id as evaluation_id, e.hash as evaluation_hash, e.passed
       from runs r join evaluations e on e.run_id = r.id join snapshots s on s.id = r.snapshot_id where r.id = $1`,
      [input.runId],
    )
    if (run === undefined || !run.passed)
      throw fault('gate-closed', 'This run has not passed its evaluation.', {
        fix: 'Gather better data and tune again.',
      })
    const proposal = await findProposal(context.db, run.proposal_id)
    inState(proposal, ['evaluating', 'serving'], 'A release follows an evaluation.')
    const [last] = await context.db.query<{ version: number | null }>(
      'select max(version) as version from releases where proposal_id = $1',
      [proposal.id],
    )
    const version = (last?.version ?? 0) + 1
    const id = idFrom('release', input.runId)
    const proposalId = idWord(proposal.id)
    const { tx: commitTx } = await context.chain.commitAdapter(`adapter/${input.runId}`, {
      proposalId,
      baseHash: `0x${context.engine.base.hash}`,
      adapterHash: `0x${run.adapter_hash}`,
      snapshotRoot: `0x${run.root}`,
      evaluationHash: `0x${run.evaluation_hash}`,
    })
    const { tx: releaseTx } = await context.chain.release(`release/${input.runId}`, {
      proposalId,
      number: version,
      adapterHash: `0x${run.adapter_hash}`,
      releaseHash: `0x${run.evaluation_hash}`,
    })
    return context.commit(async tx => {
      await tx.query(
        `insert into releases (id, proposal_id, version, run_id, snapshot_id, evaluation_id, adapter_hash, commit_tx, release_tx, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          id,
          proposal.id,
          version,
          input.runId,
          run.snapshot_id,
          run.evaluation_id,
          run.adapter_hash,
          commitTx,
          releaseTx,
          context.clock.now(),
        ],
      )
      await tx.query(`update proposals set state = 'serving' where id = $1`, [proposal.id])
      const pledges = await tx.query<{ id: string; account_id: string; units: bigint }>(
        'select id, account_id, units from pledges where proposal_id = $1 order by id',
        [proposal.id],
      )
      for (const pledge of pledges)
        await transfer(tx, {
          key: `pledge-released/${pledge.id}`,
          from: 'chain:treasury',
          to: `balance:${pledge.account_id}`,
          units: pledge.units,
          reason: 'pledge released',
          at: context.clock.now(),
        })
      for (const accountId of new Set([proposal.proposerId, ...pledges.map(pledge => pledge.account_id)]))
        await notify(context, tx, accountId, 'model.released', { model: `${proposal.name}@${version}` })
      await record(context, tx, 'model.released', id, {
        proposal: proposal.id,
        version,
        adapter: run.adapter_hash,
        snapshot: run.root,
        evaluation: run.evaluation_hash,
        tx: releaseTx,
      })
      await addJob(context.queue, tx, 'calibrate', { releaseId: id })
      return {
        releaseId: id,
        model: `${proposal.name}@${version}`,
        adapterHash: run.adapter_hash,
        tx: releaseTx,
      }
    })
  },
})
