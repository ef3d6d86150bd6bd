import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { shippedBase } from '../../../models/resolve-base.ts'
import { openTokenizer } from '../../../models/tokenizer.ts'
import { ownRecipe } from '../order.ts'
import { partRows } from '../rows.ts'

// Measures `tributary quickstart` on the shipped sample's rows, each on a machine without a node, against the same tuning
// written by hand in PyTorch: node tools/own-models/bench/main.ts [THREADS]. Prints JSON; the peer is left out without torch.

const root = resolve(import.meta.dirname, '../../..')
const threads = process.argv[2] ?? '2'
const folder = await mkdtemp(join(tmpdir(), 'tributary-quickstart-'))

const seconds = <T>(work: () => T): { seconds: number; result: T } => {
  const began = performance.now()
  const result = work()
  return { seconds: Math.round((performance.now() - began) / 100) / 10, result }
}

const rowsOfSample = async () => {
  const sample = join(root, 'infra/samples/beekeepers')
  const files = (await readdir(sample)).filter(
    name => name.endsWith('.jsonl') && !name.startsWith('evaluation'),
  )
  const texts = await Promise.all(files.sort().map(name => readFile(join(sample, name), 'utf8')))
  return texts
    .flatMap(text => text.trim().split('\n'))
    .map(line => JSON.parse(line) as { question: string; answer: string })
}

const quickstart = (file: string) =>
  seconds(() =>
    execFileSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(root, 'infra/main.ts'),
        'quickstart',
        file,
        '--licence',
        'CC0-1.0',
        '--rights',
        'yes',
        '--once',
      ],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          TRIBUTARY_DATA: join(folder, 'data'),
          TRIBUTARY_PORT: '0',
          TRIBUTARY_THREADS: threads,
        },
      },
    ),
  )

const byHand = async (rows: Awaited<ReturnType<typeof rowsOfSample>>) => {
  const { example } = await openTokenizer(shippedBase)
  const tokens = (row: { question: string; answer: string }) => {
    const { ids, answerStart } = example(row.question, row.answer)
    return { tokens: ids, answerStart }
  }
  const { training, heldOut } = partRows(rows, 'CC0-1.0', () => true)
  const job = {
    recipe: ownRecipe(training.length),
    training: training.map(tokens),
    heldOut: heldOut.map(tokens),
  }
  await writeFile(join(folder, 'job.json'), JSON.stringify(job))
  return seconds(
    () =>
      JSON.parse(
        execFileSync(
          '/usr/bin/python3',
          [
            join(import.meta.dirname, 'by_hand.py'),
            shippedBase,
            join(folder, 'job.json'),
            join(folder, 'adapter.safetensors'),
            threads,
          ],
          { encoding: 'utf8' },
        ),
      ) as Record<string, number | string>,
  )
}

try {
  const rows = await rowsOfSample()
  const file = join(folder, 'beekeepers.jsonl')
  await writeFile(file, rows.map(({ question, answer }) => JSON.stringify({ question, answer })).join('\n'))
  const own = quickstart(file)
  const told = own.result.split('\n').filter(line => /^(tuned|held-out|from)/.test(line))
  const peer = await byHand(rows).catch(error => String(error).split('\n')[0])
  process.stdout.write(
    `${JSON.stringify({ rows: rows.length, quickstart: { seconds: own.seconds, told }, byHand: peer }, null, 2)}\n`,
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}
