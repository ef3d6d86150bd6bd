import type { Db } from '../../infra/db.ts'
import { idFrom } from '../../infra/ids.ts'
import type { Context } from '../context.ts'
import { type Judgement, keepEvaluation } from '../evaluate.ts'
import { addJob } from '../jobs.ts'
import { record } from '../record.ts'
import type { Origin } from './proposal.ts'

/** A judged adapter that becomes the next version of its model. */
export interface Candidate {
  readonly origin: Origin
  readonly proposalId: string
  readonly name: string
  readonly runId: string
  readonly snapshotId: string
  readonly root: string
  readonly adapterHash: string
  readonly judged: Judgement
  /** Whether to measure how sure its attribution is, which takes longer than the tuning. */
  readonly calibrate: boolean
}

/**
 * Serves an adapter as the next version of its model, in `tx`. No transaction of its own commits it on chain: its event
 * tells where it came from, and lies under the ledger's next root there.
 */
export const releaseOwn = async (
  context: Context,
  tx: Db,
  candidate: Candidate,
): Promise<{ releaseId: string; version: number }> => {
  const { origin, proposalId, runId, snapshotId, root, adapterHash, judged } = candidate
  await keepEvaluation(context, tx, runId, judged)
  const [last] = await tx.query<{ version: number }>(
    'select coalesce(max(version), 0) as version from releases where proposal_id = $1',
    [proposalId],
  )
  const version = (last?.version ?? 0) + 1
  const releaseId = idFrom('release', runId)
  const now = context.clock.now()
  await tx.query(
    `insert into releases (id, proposal_id, version, run_id, snapshot_id, evaluation_id, adapter_hash, commit_tx, release_tx, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, '', '', $8)`,
    [releaseId, proposalId, version, runId, snapshotId, idFrom('evaluation', runId), adapterHash, now],
  )
  await tx.query(`update proposals set state = 'serving', reason = null where id = $1`, [proposalId])
  await record(context, tx, 'model.released', releaseId, {
    origin,
    proposal: proposalId,
    version,
    adapter: adapterHash,
    snapshot: root,
    evaluation: judged.hash,
    tx: null,
  })
  if (candidate.calibrate) await addJob(context.queue, tx, 'calibrate', { releaseId })
  else await forgo(context, tx, releaseId)
  return { releaseId, version }
}

/** Nobody asked how sure its attribution is: shares come without intervals, and a settlement waits for none. */
const forgo = async (context: Context, tx: Db, releaseId: string): Promise<void> => {
  const reason = 'nobody asked for it when the model was made'
  await tx.query(
    'insert into calibrations (release_id, reason, adapters, seconds, created_at) values ($1, $2, 0, 0, $3)',
    [releaseId, reason, context.clock.now()],
  )
  await record(context, tx, 'release.uncalibrated', releaseId, { reason })
}
