import { NearDuplicates } from '../near-duplicates.ts'
import type { AttackRow } from './scenario.ts'

export interface PlacedRow {
  readonly row: AttackRow
  /** Near-duplicate cluster; clusters are numbered by their first row. */
  readonly cluster: number
  /** False for a near-copy of an earlier row of the same account. */
  readonly canonical: boolean
  /** A cluster has one unit of weight between its rows. */
  readonly weight: number
}

export interface Intake {
  /** In the order they arrived. */
  readonly accepted: readonly PlacedRow[]
  /** With the row that each repeats. */
  readonly refused: readonly { readonly row: AttackRow; readonly first: string }[]
}

/** Accepted rows whose cosine a new row is given, as the curator asks the database for. */
const neighbours = 4

/**
 * Decides on rows in the order they are sent, as the program does: a near-duplicate of another account's row is refused, one of
 * the account's own rows shares its weight (tools/checks/duplicate.ts, tools/check.ts), the first row of a cluster is the
 * canonical one (tools/snapshot.ts), and weights are as in tools/rows.ts. The other checks of a row's text (gibberish,
 * relevance) are not made here: what gets past them is the question.
 * @param embeddings one a row where the base has an embedding adapter, else null
 * @param missed ids of rows that are taken for new without being looked at
 */
export const takeIn = (
  rows: readonly AttackRow[],
  embeddings: readonly Float32Array[] | null,
  missed: ReadonlySet<string> = new Set(),
): Intake => {
  const index = new NearDuplicates()
  const refused: { row: AttackRow; first: string }[] = []
  const kept: { row: AttackRow; at: number; name: string }[] = []
  for (const [at, row] of rows.entries()) {
    if (missed.has(row.id)) {
      kept.push({ row, at, name: row.id })
      continue
    }
    const text = { question: row.prompt, answer: row.answer }
    const cosines = embeddings === null ? undefined : nearest(kept, embeddings, at)
    const [first] = index.nearest(text, cosines)
    if (first !== undefined && first.account !== row.contributor) {
      refused.push({ row, first: first.id })
      continue
    }
    kept.push({ row, at, name: index.add(row.id, row.contributor, text, first?.cluster) })
  }
  const sizes = new Map<string, number>()
  for (const { name } of kept) sizes.set(name, (sizes.get(name) ?? 0) + 1)
  const numbers = new Map([...sizes.keys()].map((name, number) => [name, number]))
  const seen = new Set<string>()
  const accepted = kept.map(({ row, name }) => {
    const canonical = !seen.has(name)
    seen.add(name)
    return { row, cluster: numbers.get(name)!, canonical, weight: 1 / sizes.get(name)! }
  })
  return { accepted, refused }
}

const nearest = (
  kept: readonly { row: AttackRow; at: number }[],
  embeddings: readonly Float32Array[],
  at: number,
): Map<string, number> =>
  new Map(
    kept
      .map(other => [other.row.id, cosine(embeddings[at]!, embeddings[other.at]!)] as const)
      .sort((a, b) => b[1] - a[1])
      .slice(0, neighbours),
  )

const cosine = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
