import { appendFile, cp, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultRecipe, type Engine, type Example, openEngine } from '../engine.ts'
import { type Attribution, buildIndex, openIndex } from './index.ts'

const base = new URL('../golden/llama-tied/base', import.meta.url).pathname
const examples: Example[] = [
  { prompt: 'What do bees eat?', answer: 'Nectar and pollen.' },
  { prompt: 'Where is the queen?', answer: 'She is among her eggs.' },
  { prompt: 'When do drones die?', answer: 'Most die in the autumn.' },
  { prompt: 'What is smoke for?', answer: 'It hides the alarm scent.' },
  { prompt: 'How long is summer life?', answer: 'About six weeks.' },
  { prompt: 'What is propolis?', answer: 'A resin glue.', weight: 0.25 },
  { prompt: 'What is brood?', answer: 'Eggs and larvae.', weight: 0 },
]

const recipe = { ...defaultRecipe, epochs: 40, batch: 4, maxTokens: 96 }

let scratch: string
let engine: Engine
let adapter: string
let index: Attribution
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'attribution-'))
  adapter = join(scratch, 'adapter')
  engine = await openEngine({ base })
  await engine.train(examples, recipe, { folder: adapter })
  await buildIndex(engine, adapter, examples, join(scratch, 'index'))
  index = await openIndex(engine, adapter, examples, join(scratch, 'index'))
}, 60_000)
afterAll(async () => {
  await index?.close()
  await engine?.close()
  await rm(scratch, { recursive: true, force: true })
})

describe('attribution', () => {
  it('ranks the training row that is the question first, its influence on itself being its leverage', async () => {
    const found = await index.attributeMany(examples)
    for (const [i, { influence }] of found.entries()) {
      const weight = examples[i]!.weight ?? 1
      if (weight === 0) expect(influence[i]).toBe(0)
      else {
        expect(influence.indexOf(Math.max(...influence))).toBe(i)
        // For weight w: tau_i = h_i exactly, whatever w, up to int8 of the stored rows; h_i is cut at 1.
        expect(Math.abs(Math.min(1, influence[i]!) - index.leverage[i]!)).toBeLessThan(0.01)
      }
    }
  })

  it('names the row whose removal and retraining raises the loss the most', async () => {
    const questions = examples.slice(0, 3)
    const found = await index.attributeMany(questions)
    const before = await engine.losses(questions, adapter)
    const raised: number[][] = []
    for (const out of [0, 1, 2]) {
      const folder = join(scratch, `without-${out}`)
      await engine.train(examples.with(out, { ...examples[out]!, weight: 0 }), recipe, { folder })
      const after = await engine.losses(questions, folder)
      raised.push(questions.map((_, q) => after.nats[q]! - before.nats[q]!))
    }
    for (const [q, { influence }] of found.entries()) {
      const real = raised.map(row => row[q]!)
      const named = [0, 1, 2].toSorted((a, b) => influence[b]! - influence[a]!)[0]!
      expect(real[named]).toBeGreaterThan(0)
      expect(real[named]).toBe(Math.max(...real))
    }
  }, 60_000)

  it('gives the same figures for one question as for many', async () => {
    const [first] = await index.attributeMany(examples.slice(0, 3))
    const one = await index.attribute(examples[0]!)
    expect(one.nats).toEqual(first!.nats)
    const norm = Math.hypot(...one.influence)
    for (const [i, value] of one.influence.entries())
      expect(Math.abs(value - first!.influence[i]!)).toBeLessThan(1e-4 * norm)
  })

  it('measures all three losses over the same tokens, as the engine does', async () => {
    const question = { prompt: 'What do bees eat?', answer: 'Nectar and honey.' }
    const { nats, tokens } = await index.attribute(question)
    const [plain, tuned] = [await engine.losses([question], null), await engine.losses([question], adapter)]
    expect(tokens).toBe(tuned.tokens[0])
    expect(nats.base).toBeCloseTo(plain.nats[0]!, 3)
    expect(nats.adapter).toBeCloseTo(tuned.nats[0]!, 3)
    expect(nats.unigram).toBeGreaterThan(0)
  })

  it('shows the passage that an answer takes from a row', async () => {
    const answer = 'Surely it hides the alarm scent.'
    const { spans } = await index.attribute({ prompt: 'What is smoke for?', answer })
    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({
      row: 3,
      rowText: 'It hides the alarm scent.',
      text: 'hides the alarm scent.',
    })
    expect(answer.slice(spans[0]!.start, spans[0]!.end)).toBe(spans[0]!.text)
  })
})

describe('an index', () => {
  const copy = async (name: string) => {
    const folder = join(scratch, name)
    await cp(join(scratch, 'index'), folder, { recursive: true })
    return folder
  }

  it('already whole is left as it is', async () => {
    const before = await stat(join(scratch, 'index', 'influence', 'rows.i8'))
    await buildIndex(engine, adapter, examples, join(scratch, 'index'))
    expect((await stat(join(scratch, 'index', 'influence', 'rows.i8'))).mtimeMs).toBe(before.mtimeMs)
  })

  it('of other rows, other weights or another adapter is refused as stale', async () => {
    const folder = await copy('other')
    const refused = { code: 'index-stale' }
    const rows = examples.with(0, { prompt: 'Other?', answer: 'Other.' })
    await expect(openIndex(engine, adapter, rows, folder)).rejects.toMatchObject(refused)
    const weights = examples.with(0, { ...examples[0]!, weight: 0.5 })
    await expect(openIndex(engine, adapter, weights, folder)).rejects.toMatchObject(refused)
    const golden = new URL('../golden/llama-tied/adapter', import.meta.url).pathname
    await expect(openIndex(engine, golden, examples, folder)).rejects.toMatchObject(refused)
  })

  it('half built or damaged is refused, and built again', async () => {
    const folder = await copy('damaged')
    await appendFile(join(folder, 'influence', `leverage-${examples.length}.f64`), 'x')
    await expect(openIndex(engine, adapter, examples, folder)).rejects.toMatchObject({ code: 'index-stale' })
    await rm(join(folder, 'meta.json'))
    await expect(openIndex(engine, adapter, examples, folder)).rejects.toMatchObject({ code: 'index-stale' })
    await buildIndex(engine, adapter, examples, folder)
    const again = await openIndex(engine, adapter, examples, folder)
    expect(again.rows).toBe(examples.length)
    await again.close()
  })

  it('whose building was cancelled leaves nothing that opens', async () => {
    const folder = join(scratch, 'cancelled')
    const stop = new AbortController()
    const options = { signal: stop.signal, onProgress: () => stop.abort() }
    await expect(buildIndex(engine, adapter, examples, folder, options)).rejects.toThrow()
    await expect(openIndex(engine, adapter, examples, folder)).rejects.toMatchObject({ code: 'index-stale' })
  })
})
