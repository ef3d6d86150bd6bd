/** One line of the benchmark table. Machines differ, so only ratios between ours and the peer's, measured in turns, say much. */
export interface BenchRow {
  what: string
  /** The smallest ratio that passes; null for a row that only informs. */
  bar: number | null
  ours: number
  /** Null where the peer is not installed. */
  peer: number | null
  /** ours / peer. */
  ratio: number | null
  unit: string
  note: string
}

export const benchRow = (
  what: string,
  bar: number | null,
  { ours, peer, unit, note }: Pick<BenchRow, 'ours' | 'peer' | 'unit' | 'note'>,
): BenchRow => ({ what, bar, ours, peer, ratio: peer === null ? null : ours / peer, unit, note })

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

/** Prints rows as a table, as `node models/bench/NAME.ts` does. */
export function printRows(rows: readonly BenchRow[]): void {
  const number = (value: number | null): string | number => (value === null ? '-' : Math.round(value))
  console.table(
    rows.map(({ what, bar, ours, peer, ratio, unit, note }) => ({
      what,
      ours: number(ours),
      peer: number(peer),
      unit,
      ratio: ratio === null ? '-' : ratio.toFixed(2),
      bar: bar ?? '-',
      note,
    })),
  )
}
