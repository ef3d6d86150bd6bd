/** `npm run bench [-- --only training,serving,peers] [--threads N] [--json FILE] [--markdown FILE]`: measures every bar. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fault, isFault } from '../../infra/errors.ts'
import { type Group, groupNames, groups, measureApart } from './groups.ts'
import { describeMachine, machineText } from './machine.ts'
import { type BenchRow, tableOf } from './row.ts'
import { markdownTable } from './table.ts'

export interface BenchOptions {
  only: readonly Group[]
  threads: number | null
  json: string | null
  markdown: string | null
}

/** Reads the arguments. Error `bench-arguments`: one of them is not understood. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { only: text, threads: text, json: text, markdown: text },
  })
  const only = values.only?.split(',') ?? groupNames
  const unknown = only.filter(name => !groupNames.includes(name as Group))
  const threads = values.threads === undefined ? null : Number(values.threads)
  const reasons = [
    ...unknown.map(name => `there is no group ${name}`),
    ...(threads === null || (Number.isSafeInteger(threads) && threads > 0)
      ? []
      : [`${values.threads} is no number of threads`]),
  ]
  if (reasons.length > 0)
    throw fault('bench-arguments', `The benchmarks cannot run: ${reasons.join('; ')}.`, {
      fix: `Name groups among ${groupNames.join(', ')} and a positive number of threads.`,
      facts: { reasons: reasons.length },
    })
  return { only: only as Group[], threads, json: values.json ?? null, markdown: values.markdown ?? null }
}

/** Runs the benchmarks and prints them; returns 1 where one broke, and 0 otherwise, also where a bar is missed. */
export async function bench({ only, threads, json, markdown }: BenchOptions): Promise<0 | 1> {
  const date = new Date()
  const { load } = await describeMachine()
  const rows: BenchRow[] = []
  let broken = false
  for (const group of only) {
    for (const part of groups[group]) {
      process.stderr.write(`${part[1]} ...\n`)
      try {
        rows.push(...(await measureApart(part, threads)))
      } catch (error) {
        broken = true
        process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
      }
    }
  }
  // Once more, as the peers may have been installed meanwhile; the load is that of before.
  const machine = { ...(await describeMachine()), load }
  const about = machineText(machine, date)
  process.stdout.write(`${about}\n\n${tableOf(rows)}`)
  if (json) await writeFile(json, `${JSON.stringify({ date, machine, rows }, null, 2)}\n`)
  if (markdown) await writeFile(markdown, `${about}\n\n${markdownTable(rows)}`)
  return broken ? 1 : 0
}

if (import.meta.main) {
  try {
    process.exitCode = await bench(benchOptions(process.argv.slice(2)))
  } catch (error) {
    process.stderr.write(isFault(error) ? `${error.message} ${error.fix}\n` : `${error}\n`)
    process.exitCode = 1
  }
}
