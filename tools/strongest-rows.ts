import type { SnapshotRow } from './rows.ts'

/** A row with its near-copies: training gives them one unit of weight together, so their influence is told together. */
export interface RowGroup {
  /** The first of them that was not withdrawn; the very first where all were. */
  readonly row: SnapshotRow
  /** How many others say nearly the same. */
  readonly copies: number
  /** Nats, all of them together. */
  readonly influence: number
}

const most = { for: 8, against: 4 }

/**
 * The groups of near-copies with the most influence for an answer, then those with the most against it, each strongest first.
 * @param influence nats of each row, in the rows' order; positive: without the row the answer would cost more
 */
export const strongestRows = (rows: readonly SnapshotRow[], influence: ArrayLike<number>): RowGroup[] => {
  const groups = new Map<number, SnapshotRow[]>()
  for (const row of rows) {
    const group = groups.get(row.cluster)
    if (group === undefined) groups.set(row.cluster, [row])
    else group.push(row)
  }
  const found = [...groups.values()].map(group => ({
    row: group.find(({ question }) => question !== null) ?? group[0]!,
    copies: group.length - 1,
    influence: group.reduce((sum, { position }) => sum + (influence[position] ?? 0), 0),
  }))
  const order = found.toSorted((a, b) => b.influence - a.influence)
  return [
    ...order.filter(group => group.influence > 0).slice(0, most.for),
    ...order
      .filter(group => group.influence < 0)
      .toReversed()
      .slice(0, most.against),
  ]
}
