/**
 * `node models/attribution/bench.ts [ADAPTER]`: what attributing an answer takes against writing it, one after the other for
 * every question, and what the index takes to build. Tunes an adapter on the sample first where none is named.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Example, openEngine, recipeFor } from '../engine.ts'
import { shippedBase } from '../resolve-base.ts'
import { buildIndex, openIndex } from './index.ts'
import { readJudgeData } from './judge/data.ts'

const sample = join(import.meta.dirname, '../../infra/samples/beekeepers')
const questions = 24
/** Tokens of an answer at most, as the network asks for them. */
const maxTokens = 96

const names = (await readdir(sample)).filter(name => name.endsWith('.jsonl')).sort()
const files = (held: boolean) =>
  names.filter(name => name.startsWith('evaluation') === held).map(name => join(sample, name))
const data = await readJudgeData('beekeepers', files(false), files(true))
const rows = data.rows.map(({ prompt, answer }): Example => ({ prompt, answer }))
const folder = await mkdtemp(join(tmpdir(), 'attribution-bench-'))
const engine = await openEngine({ base: shippedBase })
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >>> 1]!
try {
  const adapter = process.argv[2] ?? join(folder, 'adapter')
  if (process.argv[2] === undefined) await engine.train(rows, recipeFor(rows.length), { folder: adapter })
  const began = performance.now()
  await buildIndex(engine, adapter, rows, join(folder, 'index'))
  const built = (performance.now() - began) / 1000
  const index = await openIndex(engine, adapter, rows, join(folder, 'index'))
  const [written, attributed, tokens]: number[][] = [[], [], []]
  for (const { prompt } of data.judge.slice(0, questions)) {
    const start = performance.now()
    const made = await engine.generate({
      messages: [{ role: 'user', content: prompt }],
      adapter,
      maxTokens,
      temperature: 0,
      topP: 1,
      seed: 1,
    })
    const between = performance.now()
    await index.attribute({ prompt, answer: made.text })
    written!.push(between - start)
    attributed!.push(performance.now() - between)
    tokens!.push(made.tokens.length)
  }
  await index.close()
  const ratios = written!.map((time, i) => attributed![i]! / time)
  process.stdout.write(
    `index of ${rows.length} rows: ${built.toFixed(1)} s
an answer (median of ${questions}, ${median(tokens!)} tokens): written in ${median(written!).toFixed(0)} ms, attributed in ${median(attributed!).toFixed(0)} ms; attributed over written ${median(ratios).toFixed(2)}, from ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}\n`,
  )
} finally {
  await engine.close()
  await rm(folder, { recursive: true, force: true })
}
