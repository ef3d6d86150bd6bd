// `npm run check`: format, lint, types, the import rule and the size of files, side by side; under a minute.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const folders = ['agents', 'bots', 'tools', 'models', 'infra']
/** Lines of a file beyond which it has to say why, in a comment that begins with "Long:". */
const MOST_LINES = 300

interface Outcome {
  readonly name: string
  readonly ok: boolean
  readonly text: string
}

const run = (name: string, tool: string, args: readonly string[]): Promise<Outcome> =>
  new Promise(done => {
    execFile(
      process.execPath,
      [join(root, 'node_modules', tool), ...args],
      { cwd: root, maxBuffer: 1 << 26 },
      (error, out, err) => done({ name, ok: error === null, text: `${out}${err}` }),
    )
  })

const tracked = (): Promise<string[]> =>
  new Promise((done, fail) => {
    execFile(
      'git',
      ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.mjs', '*.sol', '*.py'],
      { cwd: root },
      (error, out) => (error === null ? done(out.split('\n').filter(line => line !== '')) : fail(error)),
    )
  })

const sizes = async (): Promise<Outcome> => {
  const files = await tracked()
  const long: string[] = []
  for (const file of files) {
    const text = await readFile(join(root, file), 'utf8').catch(() => '')
    const lines = text.split('\n').length - 1
    if (lines > MOST_LINES && !/\bLong: /.test(text))
      long.push(`${file} has ${lines} lines; split it, or say why after "Long: ".`)
  }
  return { name: 'size', ok: long.length === 0, text: long.join('\n') }
}

const outcomes = await Promise.all([
  run('format and lint', '@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']),
  run('types', 'typescript/bin/tsc', ['-p', '.']),
  run('import rule', 'dependency-cruiser/bin/dependency-cruiser.mjs', [
    '--config',
    '.dependency-cruiser.mjs',
    ...folders,
  ]),
  sizes(),
])
for (const { name, ok, text } of outcomes) {
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${name}\n`)
  if (!ok) process.stdout.write(`${text}\n`)
}
process.exit(outcomes.every(outcome => outcome.ok) ? 0 : 1)
