import type { Recomputation } from './recompute.ts'
import type { Comparison } from './recompute-compare.ts'

const number = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toPrecision(Math.abs(value) < 1e-3 ? 3 : 6)

/** The difference as a part of what is allowed: 1 is the limit. */
const part = ({ difference, tolerance }: Comparison): string =>
  difference === 0 ? '0' : (difference / tolerance).toPrecision(2)

const columns = ['', 'figure', 'recorded', 'recomputed', 'difference', 'tolerance', 'part']

const table = (rows: readonly string[][]): string[] => {
  const widths = columns.map((_, at) => Math.max(...rows.map(row => (row[at] ?? '').length)))
  return rows.map(row =>
    row
      .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** What a recomputation found, as lines: a table an answer, then one line that says whether it holds. */
export const recomputationLines = ({ ok, checks, answers, measured }: Recomputation): string[] => {
  const lines = checks.map(
    item => `${item.ok ? 'ok  ' : 'FAIL'}  ${item.name} (${item.count})${item.ok ? '' : `: ${item.detail}`}`,
  )
  const wrong: string[] = []
  for (const { answer, comparisons, partly } of answers) {
    lines.push('', `answer ${answer}${partly === null ? '' : `: ${partly}`}`)
    const rows = comparisons.map(item => [
      item.ok ? 'ok' : 'FAIL',
      item.figure,
      number(item.recorded),
      number(item.recomputed),
      item.difference.toPrecision(2),
      item.tolerance.toPrecision(2),
      part(item),
    ])
    lines.push(...table([columns, ...rows]))
    for (const item of comparisons) if (!item.ok) wrong.push(`answer ${answer}, ${item.figure}`)
  }
  lines.push('')
  for (const what of wrong) lines.push(`not as recorded: ${what}`)
  const whole = answers.filter(({ partly }) => partly === null).length
  const rest = answers.length - whole
  lines.push(
    ok
      ? `The attribution of ${whole} of ${measured} answers comes out as recorded${rest === 0 ? '' : `, of ${rest} more in part`}.`
      : 'The attribution does not come out as recorded.',
  )
  return lines
}
