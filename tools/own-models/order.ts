import { randomBytes } from 'node:crypto'
import type { Db } from '../../infra/db.ts'
import { idFrom } from '../../infra/ids.ts'
import { type Recipe, recipeFor } from '../../models/engine.ts'
import type { Context } from '../context.ts'
import { contentHash } from '../contribute.ts'
import { issueReceipt } from '../receipt.ts'
import { record } from '../record.ts'
import { freezeRows, keepSnapshot } from '../snapshot.ts'
import { openOwn, type Wanted } from './proposal.ts'
import type { OwnRow, Parted } from './rows.ts'

/** A run that was ordered, with what it is trained on and judged by. */
export interface Ordered {
  readonly id: string
  readonly proposal_id: string
  readonly snapshot_id: string
  readonly recipe: unknown
  readonly evaluation_blob: string
  readonly root: string
}

/** Steps at most: about 15 minutes on two cores with the shipped base. */
const stepsAtMost = 3_000

/** The network's recipe for so many rows, with fewer epochs where there are so many rows that each is seen often enough. */
export const ownRecipe = (rows: number): Recipe => {
  const recipe = recipeFor(rows)
  const steps = Math.ceil(rows / recipe.batch)
  return { ...recipe, epochs: Math.max(1, Math.min(recipe.epochs, Math.floor(stepsAtMost / steps))) }
}

/** The run that a call ordered before it was interrupted, or null. */
export const orderedBy = async (context: Context): Promise<Ordered | null> => {
  const [run] = await context.db.query<Ordered>(
    `select r.id, r.proposal_id, r.snapshot_id, r.recipe, r.evaluation_blob, s.root from runs r join snapshots s on s.id = r.snapshot_id where r.id = $1`,
    [idFrom('run', context.key)],
  )
  return run ?? null
}

/**
 * Takes the rows as contributions of their owner, freezes them and orders the run, in one transaction: a call that is
 * repeated after it finds all of that, and goes on from the training's checkpoint.
 */
export const orderRun = async (
  context: Context,
  wanted: Omit<Wanted, 'licences' | 'rows' | 'evaluation'>,
  parted: Parted,
): Promise<Ordered> => {
  const { training, heldOut } = parted
  const recipe = ownRecipe(training.length)
  const blob = await context.blobs.put(
    Buffer.from(heldOut.map(({ question, answer }) => JSON.stringify({ question, answer })).join('\n')),
  )
  const licences = [...new Set(training.map(row => row.licence))].sort()
  const id = idFrom('run', context.key)
  const now = context.clock.now()
  return context.db.tx(async tx => {
    const proposalId = await openOwn(context, tx, {
      ...wanted,
      licences,
      rows: training.length,
      evaluation: { blob, rows: heldOut.length },
    })
    const rows = await takeRows(context, tx, proposalId, wanted.accountId, training)
    const frozen = freezeRows(rows)
    const snapshotId = idFrom('snapshot', proposalId, frozen.root)
    await keepSnapshot(context, tx, { id: snapshotId, proposalId, anchorTx: '', frozen })
    await tx.query(
      `insert into runs (id, proposal_id, snapshot_id, recipe, state, evaluation_blob, created_at) values ($1, $2, $3, $4, 'training', $5, $6)`,
      [id, proposalId, snapshotId, JSON.stringify(recipe), blob, now],
    )
    await record(context, tx, 'run.ordered', id, { proposal: proposalId, snapshot: snapshotId, recipe })
    const { root } = frozen
    return { id, proposal_id: proposalId, snapshot_id: snapshotId, recipe, evaluation_blob: blob, root }
  })
}

/** Stores rows as accepted contributions of their owner's, who has stated the rights. */
const takeRows = async (
  context: Context,
  tx: Db,
  proposalId: string,
  accountId: string,
  training: readonly OwnRow[],
) => {
  const submissionId = idFrom('submission', context.key)
  const now = context.clock.now()
  await tx.query(
    `insert into submissions (id, proposal_id, account_id, rows, state, received_at) values ($1, $2, $3, $4, 'curated', $5)`,
    [submissionId, proposalId, accountId, training.length, now],
  )
  const rows = training.map((row, position) => {
    const salt = randomBytes(32)
    const id = idFrom('contribution', submissionId, String(position))
    const hash = contentHash(salt, row)
    return { ...row, position, id, cluster_id: id, salt: `\\x${salt.toString('hex')}`, content_hash: hash }
  })
  await tx.query(
    `insert into contributions (id, submission_id, proposal_id, account_id, question, answer, licence, content_hash, salt, state, cluster_id, received_at, decided_at)
     select r.id, $1, $2, $3, r.question, r.answer, r.licence, r.content_hash, r.salt, 'accepted', r.cluster_id, $4, $4
     from jsonb_to_recordset($5::jsonb) as r(position int, id uuid, cluster_id uuid, question text, answer text, licence text, content_hash text, salt bytea)
     order by r.position`,
    [submissionId, proposalId, accountId, now, JSON.stringify(rows)],
  )
  const hashes = rows.map(row => row.content_hash)
  const facts = { proposal: proposalId, rows: hashes }
  const seq = await record(context, tx, 'contribution.received', submissionId, {
    ...facts,
    rights: true,
    consent: false,
    licence: training[0]?.licence,
  })
  const told = { submission: submissionId, account: accountId, ...facts, receivedAt: now.toISOString() }
  await issueReceipt(context, tx, idFrom('submission-receipt', submissionId), 'contribution', told, seq)
  return rows.map(({ id, licence, content_hash, cluster_id }) => ({
    id,
    account_id: accountId,
    licence,
    content_hash,
    cluster_id,
  }))
}
