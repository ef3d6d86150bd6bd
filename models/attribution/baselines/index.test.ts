import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultRecipe, type Engine, type Example, openEngine } from '../../engine.ts'
import { keptFolder } from '../../training/kept-steps.ts'
import type { Method } from '../judge/method.ts'
import { learningRateMass, openBaselines, openGradientCache } from './index.ts'

const base = new URL('../../golden/llama-tied/base', import.meta.url).pathname
const rows: Example[] = [
  { prompt: 'What do bees eat?', answer: 'Nectar and pollen.' },
  { prompt: 'Where is the queen?', answer: 'She is among her eggs.' },
  { prompt: 'When do drones die?', answer: 'Most die in the autumn.' },
  { prompt: 'What is smoke for?', answer: 'It hides the alarm scent.' },
  { prompt: 'How long is summer life?', answer: 'About six weeks.' },
  { prompt: 'What is propolis?', answer: 'A resin glue.' },
  { prompt: 'What is brood?', answer: 'Eggs and larvae.' },
  { prompt: 'Why do bees dance?', answer: 'It tells the way to food.' },
]
const recipe = { ...defaultRecipe, rank: 4, alpha: 8, epochs: 12, batch: 4, maxTokens: 96 }
const [steps, keepAt] = [24, [8, 16, 24]]

let scratch: string
let adapter: string
let engine: Engine
let methods: Map<string, Method>
/** Passes over a list of examples so far. */
let passes = 0
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'baselines-'))
  adapter = join(scratch, 'adapter')
  engine = await openEngine({ base, threads: 1 })
  await engine.train(rows, recipe, { folder: adapter, keepAt })
  const counting: Engine = {
    ...engine,
    gradients: (...args) => {
      passes++
      return engine.gradients(...args)
    },
  }
  const mass = learningRateMass(keepAt, steps, recipe.learningRate)
  const opened = await openBaselines({
    engine: counting,
    adapter,
    checkpoints: keepAt.map((step, i) => ({ adapter: keptFolder(adapter, step), mass: mass[i]! })),
    rows,
    gradients: openGradientCache(counting, join(scratch, 'gradients')),
    trakDimensions: 6,
  })
  methods = new Map(opened.map(method => [method.name, method]))
})
afterAll(async () => {
  await engine?.close()
  await rm(scratch, { recursive: true, force: true })
})

const gradientsOf = async (examples: readonly Example[], folder: string): Promise<Float32Array[]> => {
  const out: Float32Array[] = []
  for await (const { first, rows } of engine.gradients(examples, folder)) out[first] = rows.slice()
  return out
}
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
const scoresOf = (name: string, questions: readonly Example[] = rows) => methods.get(name)!.scores(questions)

describe('the baselines', () => {
  it('are ten, each with its source, and score every row for every question', async () => {
    expect([...methods.keys()]).toEqual([
      'random',
      'length',
      'BM25',
      'embedding cosine',
      'gradient dot',
      'gradient cosine',
      'TracIn',
      'TRAK',
      'DataInf',
      'LoGRA-64',
    ])
    for (const method of methods.values()) {
      expect(method.source).not.toBe('')
      const scores = await method.scores(rows.slice(0, 3))
      expect(scores).toHaveLength(3)
      for (const own of scores) {
        expect(own).toHaveLength(rows.length)
        expect(own.every(Number.isFinite)).toBe(true)
      }
    }
  })

  it.each(['BM25', 'embedding cosine', 'gradient cosine', 'TracIn', 'DataInf', 'LoGRA-64'])(
    '%s names the row that is the question',
    async name => {
      for (const [i, scores] of (await scoresOf(name)).entries())
        expect(scores.indexOf(Math.max(...scores))).toBe(i)
    },
  )

  it('take gradients once for an adapter and a list of examples', async () => {
    await scoresOf('gradient dot')
    await scoresOf('TracIn')
    const before = passes
    for (const name of ['gradient cosine', 'TracIn', 'TRAK', 'DataInf', 'LoGRA-64']) await scoresOf(name)
    expect(passes).toBe(before)
    expect((await readdir(join(scratch, 'gradients'))).some(name => name.endsWith('.part'))).toBe(false)
  })

  it('leave nothing of a pass that was cancelled', async () => {
    const folder = join(scratch, 'cancelled')
    const stop = new AbortController()
    stop.abort()
    const cache = openGradientCache(engine, folder)
    await expect(cache.open(adapter, rows, { signal: stop.signal })).rejects.toThrow()
    expect(await readdir(folder)).toEqual([])
    const stored = await cache.open(adapter, rows)
    expect(stored.rows).toBe(rows.length)
    await stored.close()
  })

  it('score the same on another call, and in another order of questions', async () => {
    for (const name of methods.keys()) {
      const some = rows.slice(0, 3)
      const [first, again] = [await scoresOf(name, some), await scoresOf(name, some.toReversed())]
      for (const [q, scores] of first.entries()) {
        const norm = Math.hypot(...scores)
        for (const [i, value] of scores.entries())
          expect(Math.abs(value - again[2 - q]![i]!)).toBeLessThan(1e-3 * norm)
      }
    }
  })
})

describe('gradient dot and TracIn', () => {
  it('are products of the engine’s own gradients', async () => {
    const questions = [rows[2]!, { prompt: 'Do bees sleep?', answer: 'They do, at night.' }]
    const mass = learningRateMass(keepAt, steps, recipe.learningRate)
    const sums = questions.map(() => new Float64Array(rows.length))
    for (const [c, step] of keepAt.entries()) {
      const folder = keptFolder(adapter, step)
      const [own, asked] = [await gradientsOf(rows, folder), await gradientsOf(questions, folder)]
      for (const [q, sum] of sums.entries())
        for (const [i, g] of own.entries()) sum[i] = sum[i]! + mass[c]! * dot(g, asked[q]!)
    }
    const [own, asked] = [await gradientsOf(rows, adapter), await gradientsOf(questions, adapter)]
    const [dots, traced] = [await scoresOf('gradient dot', questions), await scoresOf('TracIn', questions)]
    for (const q of [0, 1]) {
      const [dotted, summed] = [Math.hypot(...dots[q]!), Math.hypot(...sums[q]!)]
      for (const i of rows.keys()) {
        expect(Math.abs(dots[q]![i]! - dot(own[i]!, asked[q]!))).toBeLessThan(2e-3 * dotted)
        expect(Math.abs(traced[q]![i]! - sums[q]![i]!)).toBeLessThan(2e-3 * summed)
      }
    }
  })
})

describe('length and embedding cosine', () => {
  it('are the answer’s tokens, and 1 for the same text', async () => {
    const [lengths] = await scoresOf('length')
    expect([...lengths!]).toEqual(rows.map(({ answer }) => engine.encode(answer).length))
    const cosine = await scoresOf('embedding cosine')
    for (const i of rows.keys()) expect(cosine[i]![i]).toBeCloseTo(1, 4)
  })
})
