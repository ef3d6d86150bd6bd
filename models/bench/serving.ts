import { groups, measurePart } from './groups.ts'
import { type BenchRow, tableOf } from './row.ts'

/** Every measurement of serving, one after the other in this process; about 3 minutes. `main.ts` gives each its own. */
export async function servingBenches(): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const part of groups.serving) rows.push(...(await measurePart(part)))
  return rows
}

if (import.meta.main) process.stdout.write(tableOf(await servingBenches()))
