import type { BenchRow } from './row.ts'

const columns = ['what', 'ours', 'against', 'unit', 'ratio', 'bar', 'met', 'note'] as const
type Cells = Record<(typeof columns)[number], string>

/** Three digits: whole numbers from 100 on, thousands apart. */
export function shortNumber(value: number | null): string {
  if (value === null) return '-'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value === 0 ? '0' : value.toPrecision(3)
}

const cellsOf = ({ what, bar, ours, peer, ratio, unit, met, note }: BenchRow): Cells => ({
  what,
  ours: shortNumber(ours),
  against: shortNumber(peer),
  unit,
  ratio: ratio === null ? '-' : ratio.toFixed(2),
  bar: bar === null ? '-' : `${bar}`,
  met: met === null ? '-' : met ? 'yes' : 'NO',
  note,
})

/** Rows as lines of text with aligned columns; the note, which is long, comes last. */
export function tableOf(rows: readonly BenchRow[]): string {
  const heading = Object.fromEntries(columns.map(name => [name, name])) as Cells
  const lines = [heading, ...rows.map(cellsOf)]
  const widths = columns.map(name => Math.max(...lines.map(cells => cells[name].length)))
  return lines
    .map(
      cells =>
        `${columns
          .map((name, i) => cells[name].padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** Rows as a table in Markdown. */
export function markdownTable(rows: readonly BenchRow[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const body = rows.map(row => {
    const cells = cellsOf(row)
    return line(columns.map(name => cells[name]))
  })
  return [line(columns), line(columns.map(() => '---')), ...body].map(text => `${text}\n`).join('')
}
