import type { Db } from '../infra/db.ts'
import type { Example } from '../models/engine.ts'

export interface SnapshotRow {
  readonly position: number
  readonly contributionId: string
  readonly accountId: string
  readonly cluster: number
  readonly canonical: boolean
  /** Null once the row was withdrawn. */
  readonly question: string | null
  readonly answer: string | null
}

/** The rows of a snapshot in their frozen order. */
export const snapshotRows = (db: Db, snapshotId: string): Promise<SnapshotRow[]> =>
  db.query<SnapshotRow>(
    `select s.position, s.contribution_id as "contributionId", c.account_id as "accountId", s.cluster, s.canonical, c.question, c.answer
     from snapshot_rows s join contributions c on c.id = s.contribution_id where s.snapshot_id = $1 order by s.position`,
    [snapshotId],
  )

/**
 * Training examples of a snapshot: a cluster of near-duplicates has one unit of weight between its rows.
 * A withdrawn row keeps its slot with weight zero, so that order and normaliser do not move.
 */
export const trainingExamples = (rows: readonly SnapshotRow[]): Example[] => {
  const sizes = new Map<number, number>()
  for (const row of rows) sizes.set(row.cluster, (sizes.get(row.cluster) ?? 0) + 1)
  return rows.map(row => ({
    prompt: row.question ?? '',
    answer: row.answer ?? '',
    weight: row.question === null ? 0 : 1 / (sizes.get(row.cluster) ?? 1),
  }))
}
