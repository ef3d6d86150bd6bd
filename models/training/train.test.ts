import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultRecipe, type Progress, type Recipe } from '../engine.ts'
import { answerLosses } from '../evaluate.ts'
import { relativeTo } from '../golden/measures.ts'
import { initialLora, loraLayout, readAdapter, weightsFile } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { readSafetensors } from '../safetensors.ts'
import { sizeOf, stepBytes } from './memory.ts'
import { openStepper } from './stepper.ts'
import { startState, train } from './train.ts'

let model: Model
let folder: string
const base = { name: 'tiny', hash: '0'.repeat(64) }
const recipe: Recipe = {
  ...defaultRecipe,
  rank: 4,
  alpha: 8,
  epochs: 3,
  batch: 4,
  learningRate: 5e-3,
  checkpointEvery: 3,
}

/** Learnable: each answer repeats its question. */
const examples: TokenExample[] = Array.from({ length: 18 }, (_, i) => {
  const question = Array.from({ length: 3 + (i % 7) }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  return { tokens: [1, ...question, ...question, 2], answerStart: question.length + 1, weight: 1 }
})

beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/llama-tied/base'), 1)
  folder = await mkdtemp(join(tmpdir(), 'train-'))
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})

const bytesOf = (name: string): Promise<Buffer> => readFile(join(folder, name, weightsFile))
const run = (
  name: string,
  options: Partial<Parameters<typeof train>[1]['options']> = {},
  own = recipe,
  of = examples,
) => train(model, { base, examples: of, recipe: own, options: { folder: join(folder, name), ...options } })

test('the same training gives the same bytes, and its loss falls', async () => {
  const progress: Progress[] = []
  const result = await run('first', { onProgress: event => progress.push(event) })
  await run('second')
  expect(await bytesOf('second')).toEqual(await bytesOf('first'))
  expect(progress.map(event => event.step)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1))
  expect(progress.at(-1)).toMatchObject({ steps: 15, secondsLeft: 0, tokens: result.tokens })
  const before = await answerLosses(model, examples, null)
  const after = await answerLosses(model, examples, join(folder, 'first'))
  expect(after.perToken).toBeLessThan(before.perToken)
  expect(await readdir(join(folder, 'first'))).toEqual(['adapter_config.json', weightsFile, 'training.json'])
})

test('a training that was stopped continues to the same bytes', async () => {
  const stop = new AbortController()
  const stopped = run('stopped', {
    signal: stop.signal,
    onProgress: ({ step }) => {
      if (step === 8) stop.abort()
    },
  })
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled', retry: true })
  const steps: number[] = []
  await run('stopped', { onProgress: ({ step }) => steps.push(step) })
  expect(steps[0]).toBe(9)
  expect(await bytesOf('stopped')).toEqual(await bytesOf('first'))
})

test('a training that died between checkpoints continues from the last one to the same bytes', async () => {
  const died = run('died', {
    onProgress: ({ step }) => {
      if (step === 8) throw new Error('killed')
    },
  })
  await expect(died).rejects.toThrow('killed')
  const steps: number[] = []
  await run('died', { onProgress: ({ step }) => steps.push(step) })
  expect(steps[0]).toBe(7)
  expect(await bytesOf('died')).toEqual(await bytesOf('first'))
})

test('a finished training is not repeated, and another recipe is', async () => {
  const steps: number[] = []
  const onProgress = ({ step }: Progress) => steps.push(step)
  const again = await run('first', { onProgress })
  expect(steps).toEqual([])
  expect(again.hash).toHaveLength(64)
  await run('first', { onProgress }, { ...recipe, epochs: 1 })
  expect(steps).toHaveLength(5)
})

test('an adapter that was replaced in its folder is read again', async () => {
  const loss = async () => (await answerLosses(model, examples, join(folder, 'replaced'))).perToken
  await run('replaced', {}, { ...recipe, epochs: 1 })
  const before = await loss()
  await run('replaced')
  expect(await loss()).toBeLessThan(before)
})

test('metadata is written into the adapter and changes its hash', async () => {
  const plain = await run('plain', {}, { ...recipe, epochs: 1 })
  const named = await run('named', { metadata: { snapshot: 'abc' } }, { ...recipe, epochs: 1 })
  expect((await readSafetensors(join(folder, 'named', weightsFile))).metadata).toMatchObject({
    snapshot: 'abc',
  })
  expect(named.hash).not.toBe(plain.hash)
  const flat = async (name: string) => (await readAdapter(join(folder, name), model.config)).flat
  expect(await flat('named')).toEqual(await flat('plain'))
})

test('an example of weight 0 has no effect but keeps its place', async () => {
  const own = { ...recipe, epochs: 1, batch: 18 }
  const silenced = examples.map((example, i) => (i === 4 ? { ...example, weight: 0 } : example))
  const other = silenced.map((example, i) =>
    i === 4 ? { ...example, tokens: example.tokens.map(t => 319 - t) } : example,
  )
  await run('silenced', {}, own, silenced)
  await run('other', {}, own, other)
  expect(await bytesOf('other')).toEqual(await bytesOf('silenced'))
})

test('nothing to train on and impossible recipes are refused', async () => {
  await expect(run('none', {}, recipe, [])).rejects.toMatchObject({ code: 'no-examples' })
  const evaluation = { examples: [], every: 1, patience: 1 }
  await expect(run('none', { evaluation })).rejects.toMatchObject({ code: 'no-examples' })
  await expect(run('none', {}, { ...recipe, learningRate: -1 })).rejects.toMatchObject({
    code: 'recipe-invalid',
  })
  await expect(run('none', {}, { ...recipe, targets: ['nose_proj'] })).rejects.toMatchObject({
    code: 'recipe-invalid',
  })
  // Past what float32 holds, so that the first step's adapter is not finite.
  const heavy = examples.map(example => ({ ...example, weight: 1e39 }))
  await expect(run('none', {}, recipe, heavy)).rejects.toMatchObject({ code: 'training-diverged' })
})

test('a batch that is cut into several groups gives the same adapter as one that is not', async () => {
  const layout = loraLayout(model.config, recipe)
  const tuned = async (places: number): Promise<Float32Array> => {
    const state = startState(initialLora(layout, 1))
    const stepper = await openStepper(model, recipe, layout, state, places)
    for (; state.step < 4; state.step++) await stepper.step(examples, 1e-3)
    await stepper.close()
    return state.adapter
  }
  const [whole, cut, again] = [await tuned(4096), await tuned(40), await tuned(40)]
  expect(again).toEqual(cut)
  expect(cut).not.toEqual(initialLora(layout, 1))
  // Only the order of the sum differs: float32 keeps seven digits, and four steps of AdamW lose three of them at worst.
  expect(relativeTo(whole, cut)).toBeLessThan(1e-4)
})

test('a batch that memory has no room for is cut, and one example that has none is refused', async () => {
  const layout = loraLayout(model.config, recipe)
  const allowed = stepBytes(model, layout, sizeOf(examples.slice(0, 7)))
  const tight = (memoryBytes: number) =>
    train(model, { base, examples, recipe, options: { folder: join(folder, 'tight') }, memoryBytes })
  expect((await tight(allowed)).steps).toBe(15)
  await expect(tight(allowed / 2)).rejects.toMatchObject({ code: 'memory-exceeded', blame: 'operator' })
})
