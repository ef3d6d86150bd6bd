/** `node models/attribution/scale/main.ts [--rows 10000,100000,1000000] [--json FILE]`: what finding spans costs as a datanet grows. */
import { fork } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fault, isFault } from '../../../infra/errors.ts'
import type { Measurement } from './measure.ts'

/** Least squares slope of log y on log x: 1 is linear growth. */
export const growth = (x: readonly number[], y: readonly number[]): number => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [u, v] = [x.map(Math.log), y.map(Math.log)]
  const [meanU, meanV] = [mean(u), mean(v)]
  const covariance = mean(u.map((value, i) => (value - meanU) * (v[i]! - meanV)))
  return covariance / mean(u.map(value => (value - meanU) ** 2))
}

/** Measures one size in a process of its own, whose memory is then its own too. */
const measureApart = (rows: number): Promise<Measurement> =>
  new Promise((resolve, reject) => {
    const child = fork(new URL('./measure.ts', import.meta.url), [String(rows)])
    child.once('message', message => resolve(message as Measurement))
    child.once('exit', code =>
      reject(
        fault('scale-broken', `The measurement of ${rows} rows ended with code ${code}.`, {
          fix: 'Read what it printed above.',
        }),
      ),
    )
  })

const columns: [string, (m: Measurement) => string][] = [
  ['rows', m => m.rows.toLocaleString('en')],
  ['tokens', m => m.tokens.toLocaleString('en')],
  ['build s', m => m.buildSeconds.toFixed(2)],
  ['cpu s', m => m.buildCpuSeconds.toFixed(2)],
  ['bytes/row', m => m.bytesPerRow.toFixed(0)],
  ['open ms', m => m.openMs.toFixed(0)],
  ['query ms p50/p95', m => `${m.query.p50.toFixed(2)}/${m.query.p95.toFixed(2)}`],
  ['paged ms p50/p95', m => `${m.paged.p50.toFixed(2)}/${m.paged.p95.toFixed(2)}`],
  ['spans', m => String(m.spans)],
  ['add 1,000 s', m => m.addSeconds.toFixed(2)],
  ['stall ms', m => m.addStallMs.toFixed(0)],
  ['changed ms p50/p95', m => `${m.changed.p50.toFixed(2)}/${m.changed.p95.toFixed(2)}`],
  ['merge s', m => m.mergeSeconds.toFixed(2)],
  ['build MiB', m => m.buildMiB.toFixed(0)],
  ['peak MiB', m => m.peakMiB.toFixed(0)],
]

const table = (measured: readonly Measurement[]): string => {
  const lines = [columns.map(([title]) => title), ...measured.map(m => columns.map(([, cell]) => cell(m)))]
  const widths = columns.map((_, c) => Math.max(...lines.map(line => line[c]!.length)))
  return lines.map(line => line.map((cell, c) => cell.padStart(widths[c]!)).join('  ')).join('\n')
}

const growths = (measured: readonly Measurement[]) => {
  const rows = measured.map(m => m.rows)
  const of = (figure: (m: Measurement) => number) => growth(rows, measured.map(figure))
  return {
    build: of(m => m.buildSeconds),
    buildCpu: of(m => m.buildCpuSeconds),
    query: of(m => m.query.p50),
    paged: of(m => m.paged.p50),
    changed: of(m => m.changed.p50),
  }
}

const main = async (args: string[]): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: { rows: { type: 'string', default: '10000,100000,1000000' }, json: { type: 'string' } },
  })
  const sizes = values.rows.split(',').map(Number)
  if (!sizes.every(size => Number.isSafeInteger(size) && size > 0))
    throw fault('scale-arguments', `${values.rows} is no list of numbers of rows.`, {
      fix: 'Name positive whole numbers, such as 10000,100000.',
    })
  const measured: Measurement[] = []
  for (const size of sizes) {
    process.stderr.write(`${size} rows ...\n`)
    measured.push(await measureApart(size))
  }
  const slopes = sizes.length > 1 ? growths(measured) : null
  process.stdout.write(`${table(measured)}\n`)
  if (slopes !== null)
    process.stdout.write(
      `growth exponents: ${Object.entries(slopes)
        .map(([name, slope]) => `${name} ${slope.toFixed(2)}`)
        .join(', ')}\n`,
    )
  if (values.json !== undefined)
    await writeFile(
      values.json,
      `${JSON.stringify({ date: new Date(), measured, growth: slopes }, null, 2)}\n`,
    )
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(isFault(error) ? `${error.message} ${error.fix}\n` : `${error}\n`)
    process.exitCode = 1
  }
}
