export { tableOf } from './table.ts'

/** One line of the benchmark table. Machines differ, so only ratios between ours and the peer's, measured in turns, say much. */
export interface BenchRow {
  what: string
  /** The smallest ratio that passes; null for a row that only informs. */
  bar: number | null
  ours: number
  /** What `ours` is held against; null where there is nothing, as a peer that is not installed. */
  peer: number | null
  /** Above 1 ours is better: ours / peer, or peer / ours where less is better. */
  ratio: number | null
  unit: string
  /** Whether the ratio reaches the bar; null without one of them. */
  met: boolean | null
  note: string
}

export interface Measured extends Pick<BenchRow, 'ours' | 'peer' | 'unit' | 'note'> {
  /** Less is better, as with milliseconds and losses. */
  less?: boolean
}

export function benchRow(
  what: string,
  bar: number | null,
  { ours, peer, unit, note, less }: Measured,
): BenchRow {
  const ratio = peer === null ? null : less ? peer / ours : ours / peer
  const met = bar === null || ratio === null ? null : ratio >= bar
  return { what, bar, ours, peer, ratio, unit, met, note }
}

/** Runs each measurement once a round, in turns, so that a busy machine slows all of them; the best value of each. */
export async function inTurns<Name extends string>(
  rounds: number,
  measurements: Readonly<Record<Name, () => Promise<number | null>>>,
): Promise<Record<Name, number | null>> {
  const best = {} as Record<Name, number | null>
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(measurements) as Name[]) {
      const value = await measurements[name]()
      const known = best[name] ?? null
      best[name] = value === null ? known : Math.max(value, known ?? 0)
    }
  }
  return best
}
