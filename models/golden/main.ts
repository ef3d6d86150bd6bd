/**
 * Holds the engine against golden vectors: `node models/golden/main.ts DIR [--json OUT]`, DIR being a folder of cases or one case.
 * Exit 0: all within their bars; 1: a group is past its bar or absent, or a case cannot be opened; 2: the call is wrong.
 */
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { fault, isFault } from '../../infra/errors.ts'
import { findCases } from './cases.ts'
import { type GoldenResult, runGoldenCase } from './suite.ts'

interface CaseReport {
  name: string
  passed: boolean
  results: readonly GoldenResult[]
  /** Why the case could not be opened. */
  error?: string
}

function readArguments(args: readonly string[]): { directory: string; json: string | undefined } {
  const fix = 'Call: node models/golden/main.ts DIR [--json OUT]'
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: 'string' } },
      allowPositionals: true,
    })
    const [directory] = positionals
    if (directory !== undefined && positionals.length === 1) return { directory, json: values.json }
  } catch (cause) {
    throw fault('golden-call', `${cause instanceof Error ? cause.message : cause}`, { fix, cause })
  }
  throw fault('golden-call', 'Exactly one folder is needed.', { fix })
}

async function reportOf(folder: string): Promise<CaseReport> {
  const name = basename(folder)
  try {
    const results = await runGoldenCase(folder)
    return { name, passed: results.every(result => result.passed), results }
  } catch (error) {
    if (!isFault(error)) throw error
    return { name, passed: false, results: [], error: error.message }
  }
}

const shown = (value: number | null): string => (value === null ? 'absent' : value.toExponential(1))

/** Columns as wide as their widest cell; the first two to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return rows.map(row => `${line(row)}\n`).join('')
}

function table(reports: readonly CaseReport[]): string {
  const rows = reports.flatMap(({ name, results }) =>
    results.map(({ group, tensors, relative, bar, passed }) => {
      const verdict = relative === null ? 'ABSENT' : passed ? 'ok' : 'PAST'
      return [name, group, tensors === 0 ? '-' : `${tensors}`, shown(relative), shown(bar), verdict]
    }),
  )
  const results = reports.flatMap(report => report.results)
  const failed = results.filter(result => !result.passed)
  const errors = reports.flatMap(({ name, error }) => (error ? [`${name}: ${error}\n`] : []))
  const absent = failed.filter(({ relative }) => relative === null).length
  const verdict = reports.every(report => report.passed)
    ? 'all within their bars'
    : `${failed.length - absent} past their bar, ${absent} absent, ${errors.length} cases not opened`
  const summary = `${reports.length} cases, ${results.length} groups: ${verdict}.\n`
  return aligned([['case', 'group', 'tensors', 'relative', 'bar', ''], ...rows]) + errors.join('') + summary
}

const writeReport = (path: string, report: object): Promise<void> =>
  writeFile(path, `${JSON.stringify(report, null, 2)}\n`).catch(cause => {
    throw fault('golden-call', `${path} cannot be written.`, {
      fix: 'Name a file in a folder that exists.',
      cause,
    })
  })

try {
  const { directory, json } = readArguments(process.argv.slice(2))
  const reports: CaseReport[] = []
  for (const folder of await findCases(directory)) reports.push(await reportOf(folder))
  const passed = reports.every(report => report.passed)
  process.stdout.write(table(reports))
  if (json !== undefined) await writeReport(json, { passed, cases: reports })
  process.exitCode = passed ? 0 : 1
} catch (error) {
  if (!isFault(error)) throw error
  process.stderr.write(`${error.message} ${error.fix}\n`)
  process.exitCode = 2
}
