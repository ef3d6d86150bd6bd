import { cp, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, type Example, openEngine } from '../../engine.ts'
import { buildIndex, openIndex } from '../index.ts'
import { spearman } from '../judge/metrics.ts'
import { buildInfluence, type Influence, openInfluence } from './index.ts'

const golden = (name: string) => new URL(`../../golden/llama-tied/${name}`, import.meta.url).pathname
const adapter = golden('adapter')
const subjects = [
  'bees',
  'wax',
  'honey',
  'smoke',
  'the queen',
  'brood',
  'drones',
  'a hive',
  'pollen',
  'swarms',
]
const verbs = ['need', 'make', 'fear']
const examples: Example[] = subjects.flatMap((subject, i) =>
  verbs.map((verb, j) => ({
    prompt: `What does ${subject} ${verb}?`,
    answer: `${verb} ${subjects[(i + j + 1) % subjects.length]} and ${subjects[(3 * i + j) % subjects.length]}.`,
    ...(i === 0 && j === 1 ? { weight: 0.25 } : i === 1 && j === 0 ? { weight: 0 } : {}),
  })),
)
const questions = examples.slice(0, 6)
const options = { width: 48 }
/** For what does not depend on the width. */
const small = { width: 8 }

let scratch: string
let engine: Engine
let index: Influence
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'projected-'))
  engine = await openEngine({ base: golden('base') })
  await buildInfluence(engine, adapter, examples, join(scratch, 'index'), options)
  index = await openInfluence(engine, adapter, examples, join(scratch, 'index'), options)
}, 60_000)
afterAll(async () => {
  await index?.close()
  await engine?.close()
  await rm(scratch, { recursive: true, force: true })
})

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)))
const open = (folder: string, rows = examples, chosen: { width?: number; seed?: number } = small) =>
  openInfluence(engine, adapter, rows, folder, chosen)
const stale = { code: 'index-stale' }

describe('the projected form', () => {
  it('ranks rows as the exact form does, in nats of the same size', async () => {
    const folder = join(scratch, 'exact')
    await buildIndex(engine, adapter, examples, folder)
    const exact = await openIndex(engine, adapter, examples, folder)
    const wanted = await exact.attributeMany(questions).finally(() => exact.close())
    const found = await index.influences(questions)
    for (const [q, influence] of found.entries()) {
      expect(spearman(influence, wanted[q]!.influence)).toBeGreaterThan(0.8)
      const ratio = Math.hypot(...influence) / Math.hypot(...wanted[q]!.influence)
      expect(Math.abs(Math.log(ratio))).toBeLessThan(Math.log(2))
    }
  })

  it('gives a row of weight 0 nothing, and the row that is the question the most', async () => {
    const found = await index.influences(questions)
    for (const [q, influence] of found.entries()) {
      if (q === 1 || q === 3) continue
      expect(influence.indexOf(Math.max(...influence))).toBe(q)
    }
    // A row of full weight has its leverage as influence on itself, up to int8.
    expect(Math.abs(found[0]![0]! - index.leverage[0]!)).toBeLessThan(0.01)
    for (const influence of found) expect(influence[3]).toBe(0)
    expect(index.leverage[3]).toBe(0)
    for (const h of index.leverage) expect(h).toBeGreaterThanOrEqual(0)
    for (const h of index.leverage) expect(h).toBeLessThanOrEqual(1)
  })

  it('gives a cluster the sum of its rows, also when it is asked again', async () => {
    const clustering = { count: 10, of: Uint32Array.from(examples, (_, row) => Math.floor(row / 3)) }
    const rows = await index.influences(questions)
    for (let time = 0; time < 2; time++)
      for (const [q, found] of (await index.clusterInfluences(questions, clustering)).entries()) {
        const sums = new Float64Array(10)
        for (const [row, value] of rows[q]!.entries()) sums[clustering.of[row]!]! += value
        expect(furthest(found, sums)).toBeLessThan(1e-3 * Math.max(...sums.map(Math.abs)))
      }
  })
})

describe('a folder', () => {
  beforeAll(() => buildInfluence(engine, adapter, examples, join(scratch, 'small'), small))

  it('appended to is the one built at once, and already whole is left as it is', async () => {
    const folder = join(scratch, 'appended')
    const before: number[] = []
    const whole = await open(join(scratch, 'small'))
    await buildInfluence(engine, adapter, examples.slice(0, 18), folder, small)
    await buildInfluence(engine, adapter, examples, folder, {
      ...small,
      onProgress: done => before.push(done),
    })
    expect(before).toEqual(Array.from({ length: 12 }, (_, i) => 19 + i))
    const appended = await open(folder)
    const [found, wanted] = [await appended.influences(questions), await whole.influences(questions)]
    const scale = Math.max(...wanted.map(influence => Math.max(...influence)))
    for (const [q, influence] of found.entries())
      expect(furthest(influence, wanted[q]!)).toBeLessThan(0.01 * scale)
    expect(furthest(appended.leverage, whole.leverage)).toBeLessThan(1e-3)
    await appended.close()
    await whole.close()
    await expect(open(folder, examples.slice(0, 18))).rejects.toMatchObject(stale)
    const written = (await stat(join(folder, 'meta.json'))).mtimeMs
    await buildInfluence(engine, adapter, examples, folder, small)
    expect((await stat(join(folder, 'meta.json'))).mtimeMs).toBe(written)
  })

  it('whose append was cancelled still opens for the rows before it', async () => {
    const folder = join(scratch, 'cancelled')
    await buildInfluence(engine, adapter, examples.slice(0, 18), folder, small)
    const stop = new AbortController()
    const cancelled = { ...small, signal: stop.signal, onProgress: () => stop.abort() }
    await expect(buildInfluence(engine, adapter, examples, folder, cancelled)).rejects.toThrow()
    await expect(open(folder)).rejects.toMatchObject(stale)
    const still = await open(folder, examples.slice(0, 18))
    expect(still.rows).toBe(18)
    await still.close()
    await buildInfluence(engine, adapter, examples, folder, small)
    const whole = await open(folder)
    expect(whole.rows).toBe(30)
    await whole.close()
  })

  it('of other rows, weights, seed or width, or damaged, is refused as stale', async () => {
    const folder = join(scratch, 'damaged')
    await cp(join(scratch, 'small'), folder, { recursive: true })
    await expect(
      open(folder, examples.with(0, { prompt: 'Other?', answer: 'Other.' })),
    ).rejects.toMatchObject(stale)
    await expect(open(folder, examples.with(0, { ...examples[0]!, weight: 0.5 }))).rejects.toMatchObject(
      stale,
    )
    await expect(open(folder, examples, { width: 4 })).rejects.toMatchObject(stale)
    await expect(open(folder, examples, { ...small, seed: 2 })).rejects.toMatchObject(stale)
    await expect(open(join(scratch, 'none'))).rejects.toMatchObject(stale)
    for (const name of ['preconditioned-30.i8', 'rows.i8'])
      await truncate(join(folder, name), (await readFile(join(folder, name))).length - 1)
    await expect(open(folder)).rejects.toMatchObject(stale)
    // Rows that come are no append to damaged ones: all are written anew.
    const more = [...examples, { prompt: 'More?', answer: 'More.' }]
    await buildInfluence(engine, adapter, more, folder, small)
    const again = await open(folder, more)
    expect(again.rows).toBe(31)
    await again.close()
  })
})
