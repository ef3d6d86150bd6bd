import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultRecipe, type PreferenceProgress, type Recipe } from '../engine.ts'
import { answerLosses } from '../evaluate.ts'
import { readAdapter, weightsFile } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import type { TokenPreference } from './examples.ts'
import { type PreferenceTask, trainPreferences } from './preference-training.ts'
import { train } from './train.ts'

let model: Model
let folder: string
const base = { name: 'tiny', hash: '0'.repeat(64) }
const recipe: Recipe = {
  ...defaultRecipe,
  rank: 4,
  alpha: 8,
  epochs: 4,
  batch: 4,
  learningRate: 5e-3,
  checkpointEvery: 3,
}
const pairs: TokenPreference[] = Array.from({ length: 10 }, (_, i) => {
  const question = Array.from({ length: 3 + (i % 5) }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  const answered = (answer: number[]): TokenExample => ({
    tokens: [1, ...question, ...answer, 2],
    answerStart: question.length + 1,
    weight: 1,
  })
  return { chosen: answered(question), rejected: answered(question.toReversed().slice(0, 3 + (i % 2))) }
})

beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/llama-tied/base'), 1)
  folder = await mkdtemp(join(tmpdir(), 'preferences-'))
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})

const bytesOf = (name: string): Promise<Buffer> => readFile(join(folder, name, weightsFile))
const run = (name: string, options: Partial<PreferenceTask['options']> = {}, own = recipe, of = pairs) =>
  trainPreferences(model, {
    base,
    pairs: of,
    recipe: own,
    options: { folder: join(folder, name), ...options },
  })

test('preference training widens the margin of its pairs, and the same training gives the same bytes', async () => {
  const progress: PreferenceProgress[] = []
  const result = await run('first', { onProgress: event => progress.push(event) })
  await run('second')
  expect(await bytesOf('second')).toEqual(await bytesOf('first'))
  expect(progress).toHaveLength(12)
  expect(progress[0]!.loss).toBeCloseTo(Math.LN2, 4)
  expect(progress[0]!.margin).toBeCloseTo(0, 3)
  expect(progress.at(-1)!.loss).toBeLessThan(Math.LN2)
  expect(result.margin).toBeGreaterThan(0.1)
  expect(result.accuracy).toBe(1)
  expect(await run('first')).toEqual(result)
})

test('the margin is that of the answers under the adapter and the base', async () => {
  const { margin } = await run('first')
  const sums = async (side: keyof TokenPreference, adapter: string | null) =>
    (
      await answerLosses(
        model,
        pairs.map(pair => pair[side]),
        adapter,
      )
    ).nats.reduce((sum, nats) => sum + nats, 0)
  const adapter = join(folder, 'first')
  const gain = async (side: keyof TokenPreference) => (await sums(side, null)) - (await sums(side, adapter))
  expect(margin).toBeCloseTo((0.1 * ((await gain('chosen')) - (await gain('rejected')))) / pairs.length, 4)
})

test('a preference training that was stopped or died continues to the same bytes', async () => {
  const stop = new AbortController()
  const stopped = run('stopped', {
    signal: stop.signal,
    onProgress: ({ step }) => {
      if (step === 5) stop.abort()
    },
  })
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled', retry: true })
  const died = run('died', {
    onProgress: ({ step }) => {
      if (step === 8) throw new Error('killed')
    },
  })
  await expect(died).rejects.toThrow('killed')
  const first: number[] = []
  for (const name of ['stopped', 'died']) {
    const steps: number[] = []
    await run(name, { onProgress: ({ step }) => steps.push(step) })
    first.push(steps[0]!)
    expect(await bytesOf(name)).toEqual(await bytesOf('first'))
  }
  expect(first).toEqual([6, 7])
})

test('a preference training that is stopped amid a step is cancelled all the same', async () => {
  const stop = new AbortController()
  const stopped = trainPreferences(model, {
    base,
    pairs,
    recipe,
    options: { folder: join(folder, 'amid'), signal: stop.signal },
    pause: async () => void setImmediate(() => stop.abort()),
  })
  await expect(stopped).rejects.toMatchObject({
    code: 'cancelled',
    message: expect.stringContaining('0 of 12'),
  })
  await run('amid')
  expect(await bytesOf('amid')).toEqual(await bytesOf('first'))
})

test('a training goes on from an adapter, which is its reference unless the base is named', async () => {
  const from = join(folder, 'tuned')
  const examples = pairs.map(({ rejected }) => rejected)
  const shape = { rank: 2, targets: ['q_proj', 'v_proj'] }
  await train(model, { base, examples, recipe: { ...recipe, ...shape }, options: { folder: from } })
  const margins: number[] = []
  const onProgress = ({ step, margin }: PreferenceProgress) => {
    if (step === 1) margins.push(margin!)
  }
  await run('from-itself', { from, onProgress })
  await run('from-base', { from, reference: null, onProgress })
  expect(margins[0]).toBeCloseTo(0, 3)
  // Tuned towards the rejected answers, it starts on the wrong side of the base.
  expect(margins[1]).toBeLessThan(-0.01)
  expect((await readAdapter(join(folder, 'from-itself'), model.config)).shape).toMatchObject(shape)
  expect(await bytesOf('from-base')).not.toEqual(await bytesOf('from-itself'))
})

test('beta, the reference and a pair of weight 0 decide the result', async () => {
  const first = await bytesOf('first')
  await run('beta', { beta: 0.5 })
  expect(await bytesOf('beta')).not.toEqual(first)
  const silenced = pairs.map((pair, i) => (i === 4 ? weighted(pair, 0) : pair))
  const swapped = silenced.map((pair, i) =>
    i === 4 ? { chosen: { ...pair.chosen, tokens: pair.rejected.tokens }, rejected: pair.chosen } : pair,
  )
  const whole = { ...recipe, batch: 10 }
  await run('silenced', {}, whole, silenced)
  await run('all', {}, whole)
  expect(await bytesOf('all')).not.toEqual(await bytesOf('silenced'))
  await run('swapped', {}, whole, swapped)
  expect(await bytesOf('swapped')).toEqual(await bytesOf('silenced'))
})

const weighted = ({ chosen, rejected }: TokenPreference, weight: number): TokenPreference => ({
  chosen: { ...chosen, weight },
  rejected: { ...rejected, weight },
})

test('held-out pairs end a preference training early, with its best adapter', async () => {
  const heldOut = pairs.slice(0, 3).map(({ chosen, rejected }) => ({ chosen: rejected, rejected: chosen }))
  const evaluation = { examples: heldOut, every: 1, patience: 2 }
  const result = await run('early', { evaluation })
  expect(result).toMatchObject({ bestStep: 1, steps: 3, stoppedEarly: true })
})

test('impossible settings are refused together', async () => {
  await expect(run('none', {}, recipe, [])).rejects.toMatchObject({ code: 'no-examples' })
  await expect(run('none', { beta: 0 }, { ...recipe, epochs: 0 })).rejects.toMatchObject({
    code: 'recipe-invalid',
    message: expect.stringMatching(/epochs.*beta/),
  })
  await expect(run('none', { from: join(folder, 'nowhere') })).rejects.toMatchObject({
    code: 'adapter-invalid',
  })
})
