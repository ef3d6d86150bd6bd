import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { idFrom, idWord } from '../infra/ids.ts'
import { sha256Root } from '../infra/merkle.ts'
import type { Context } from './context.ts'
import { findProposal, inState } from './find.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** A row as it is frozen. */
export interface AcceptedRow {
  id: string
  account_id: string
  licence: string
  content_hash: string
  cluster_id: string
}

/** The 32 bytes under a snapshot's Merkle root for one row: its salted content hash, its owner and its licence. */
export const snapshotLeaf = (row: {
  contribution: string
  account: string
  contentHash: string
  licence: string
}): Uint8Array => Buffer.from(sha256Hex(canonicalJson(row)), 'hex')

/** Rows in their frozen order under their Merkle root. */
export interface FrozenRows {
  readonly rows: readonly {
    position: number
    contribution_id: string
    cluster: number
    canonical: boolean
    leaf: string
  }[]
  readonly root: string
  /** Rows by licence. */
  readonly licences: Readonly<Record<string, number>>
  readonly clusters: number
}

/** What an adapter was tuned on of which nobody knows: no rows, whose root is SHA-256 of nothing (RFC 6962, section 2.1). */
export const noRows: FrozenRows = { rows: [], root: sha256Hex(''), licences: {}, clusters: 0 }

/** Puts rows under a Merkle root, in the order given; the first of a cluster is the canonical one. */
export const freezeRows = (accepted: readonly AcceptedRow[]): FrozenRows => {
  const clusters = new Map<string, number>()
  const rows = accepted.map((row, position) => {
    const canonical = !clusters.has(row.cluster_id)
    if (canonical) clusters.set(row.cluster_id, clusters.size)
    const leaf = snapshotLeaf({
      contribution: row.id,
      account: row.account_id,
      contentHash: row.content_hash,
      licence: row.licence,
    })
    return {
      position,
      contribution_id: row.id,
      cluster: clusters.get(row.cluster_id) ?? 0,
      canonical,
      leaf: Buffer.from(leaf).toString('hex'),
    }
  })
  const root = Buffer.from(sha256Root(rows.map(row => Buffer.from(row.leaf, 'hex')))).toString('hex')
  const licences: Record<string, number> = {}
  for (const row of accepted) licences[row.licence] = (licences[row.licence] ?? 0) + 1
  return { rows, root, licences, clusters: clusters.size }
}

/** Keeps a snapshot with its event; `anchorTx` is '' where no transaction of its own carries the root. */
export const keepSnapshot = async (
  context: Context,
  tx: Db,
  snapshot: { id: string; proposalId: string; anchorTx: string; frozen: FrozenRows },
): Promise<void> => {
  const { id, proposalId, anchorTx } = snapshot
  const { rows, root, licences, clusters } = snapshot.frozen
  await tx.query(
    'insert into snapshots (id, proposal_id, root, rows, licences, anchor_tx, created_at) values ($1, $2, $3, $4, $5, $6, $7)',
    [id, proposalId, root, rows.length, JSON.stringify(licences), anchorTx, context.clock.now()],
  )
  await tx.query(
    `insert into snapshot_rows (snapshot_id, position, contribution_id, cluster, canonical, leaf)
     select $1, r.position, r.contribution_id, r.cluster, r.canonical, r.leaf
     from jsonb_to_recordset($2::jsonb) as r(position int, contribution_id uuid, cluster int, canonical boolean, leaf text)`,
    [id, JSON.stringify(rows)],
  )
  await record(context, tx, 'snapshot.frozen', id, {
    proposal: proposalId,
    root,
    rows: rows.length,
    clusters,
    licences,
    tx: anchorTx === '' ? null : anchorTx,
  })
}

/**
 * Freezes the accepted rows of a datanet, in the order they arrived, under a Merkle root that is anchored on chain.
 * Near-duplicates share a cluster; its first row is the canonical one. Requires that no row is still undecided.
 */
export const snapshot = verb({
  name: 'snapshot',
  summary: 'Freeze a datanet and put its Merkle root on chain.',
  who: ['curator'],
  effect: 'write',
  input: z.object({ proposal: z.string() }),
  output: z.object({ snapshotId: z.string(), root: z.string(), rows: z.number(), anchorTx: z.string() }),
  async run(context, input) {
    const proposal = await findProposal(context.db, input.proposal)
    inState(proposal, ['gathering'], 'Only a datanet that gathers data can be frozen.')
    const [open] = await context.db.query(
      `select id from contributions where proposal_id = $1 and state = 'received' limit 1`,
      [proposal.id],
    )
    if (open !== undefined || proposal.gatheringClosedAt === null)
      throw fault('gathering-open', `"${proposal.name}" still has rows that are not decided.`, {
        fix: 'Wait for the curator.',
        retry: true,
      })
    const accepted = await context.db.query<AcceptedRow>(
      `select id, account_id, licence, content_hash, cluster_id from contributions where proposal_id = $1 and state = 'accepted' order by seq`,
      [proposal.id],
    )
    const frozen = freezeRows(accepted)
    const { rows, root } = frozen
    const id = idFrom('snapshot', proposal.id, root)
    await context.chain.openDatanet(`datanet/${proposal.id}`, {
      proposalId: idWord(proposal.id),
      constitutionHash: `0x${proposal.termsHash}`,
    })
    const { tx: anchorTx } = await context.chain.anchorSnapshot(`snapshot/${id}`, {
      proposalId: idWord(proposal.id),
      root: `0x${root}`,
      rows: rows.length,
    })
    return context.commit(async tx => {
      await keepSnapshot(context, tx, { id, proposalId: proposal.id, anchorTx, frozen })
      await tx.query(`update proposals set state = 'tuning' where id = $1`, [proposal.id])
      await addJob(context.queue, tx, 'lifecycle', { proposalId: proposal.id })
      return { snapshotId: id, root, rows: rows.length, anchorTx }
    })
  },
})
