import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultRecipe, type Progress, type Recipe } from '../engine.ts'
import { answerLosses } from '../evaluate.ts'
import { weightsFile } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { train } from './train.ts'

let model: Model
let folder: string
const recipe: Recipe = {
  ...defaultRecipe,
  rank: 4,
  alpha: 8,
  epochs: 3,
  batch: 4,
  learningRate: 5e-3,
  checkpointEvery: 4,
}
/** Twelve steps. */
const examples: TokenExample[] = Array.from({ length: 16 }, (_, i) => {
  const question = Array.from({ length: 3 + (i % 5) }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  return { tokens: [1, ...question, ...question, 2], answerStart: question.length + 1, weight: 1 }
})
const keepAt = [3, 6, 12]

beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/llama-tied/base'), 1)
  folder = await mkdtemp(join(tmpdir(), 'kept-'))
  await run('whole', { keepAt })
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})

type Options = Partial<Parameters<typeof train>[1]['options']>
const run = (name: string, options: Options = {}, own = recipe) => {
  const base = { name: 'tiny', hash: '0'.repeat(64) }
  return train(model, { base, examples, recipe: own, options: { folder: join(folder, name), ...options } })
}
const bytesOf = (...path: string[]) => readFile(join(folder, ...path, weightsFile))
const kept = (name: string) => Promise.all(keepAt.map(step => bytesOf(name, `step-${step}`)))
/** The steps that a call takes, and what it throws. */
const stepsOf = async (name: string, options: Options = {}): Promise<number[]> => {
  const steps: number[] = []
  await run(name, {
    ...options,
    onProgress: event => {
      steps.push(event.step)
      options.onProgress?.(event)
    },
  })
  return steps
}

test('steps that are kept are adapters on the way, and change nothing of the result', async () => {
  await run('plain')
  expect(await bytesOf('plain')).toEqual(await bytesOf('whole'))
  const [, , last] = await kept('whole')
  expect(last).toEqual(await bytesOf('whole'))
  const losses = []
  for (const step of keepAt)
    losses.push((await answerLosses(model, examples, join(folder, 'whole', `step-${step}`))).perToken)
  expect(losses).toEqual(losses.toSorted((a, b) => b - a))
  expect((await readdir(join(folder, 'whole'))).toSorted()).toEqual(
    ['adapter_config.json', weightsFile, 'step-12', 'step-3', 'step-6', 'training.json'].toSorted(),
  )
})

test.each([3, 4, 6, 9])(
  'a training that died after step %i keeps the same bytes when it is called again',
  async at => {
    const name = `died-${at}`
    const onProgress = ({ step }: Progress) => {
      if (step === at) throw new Error('killed')
    }
    await expect(run(name, { keepAt, onProgress })).rejects.toThrow('killed')
    await run(name, { keepAt })
    expect(await kept(name)).toEqual(await kept('whole'))
    expect(await bytesOf(name)).toEqual(await bytesOf('whole'))
  },
)

test('a training that was stopped goes on from where it was, its kept steps untouched', async () => {
  const stop = new AbortController()
  const onProgress = ({ step }: Progress) => {
    if (step === 7) stop.abort()
  }
  await expect(run('stopped', { keepAt, onProgress, signal: stop.signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
  const before = await stat(join(folder, 'stopped', 'step-3', weightsFile))
  expect((await stepsOf('stopped', { keepAt }))[0]).toBe(8)
  expect((await stat(join(folder, 'stopped', 'step-3', weightsFile))).mtimeMs).toBe(before.mtimeMs)
  expect(await kept('stopped')).toEqual(await kept('whole'))
})

test('a finished training is made again where a kept step is absent or changed, and only then', async () => {
  await run('again', { keepAt })
  expect(await stepsOf('again', { keepAt })).toEqual([])
  await rm(join(folder, 'again', 'step-6'), { recursive: true })
  expect(await stepsOf('again')).toEqual([])
  expect(await stepsOf('again', { keepAt })).toHaveLength(12)
  expect(await kept('again')).toEqual(await kept('whole'))
})

test('a checkpoint past a kept step that is absent is not continued', async () => {
  const onProgress = ({ step }: Progress) => {
    if (step === 9) throw new Error('killed')
  }
  await expect(run('late', { onProgress })).rejects.toThrow('killed')
  expect((await stepsOf('late', { keepAt }))[0]).toBe(1)
  expect(await kept('late')).toEqual(await kept('whole'))
})

test('a kept step of another training does not count, nor is it a finished training', async () => {
  await run('reused', { keepAt })
  expect(await run('reused', { keepAt }, { ...recipe, seed: 2 })).toMatchObject({ steps: 12 })
  expect((await kept('reused'))[0]).not.toEqual((await kept('whole'))[0])
  expect(await stepsOf(join('whole', 'step-3'))).toHaveLength(12)
  // Repairs what the line above replaced.
  expect(await stepsOf('whole', { keepAt })).toHaveLength(12)
})

test.each([[[0]], [[13]], [[1.5]]])('steps %j of a training of twelve are refused', async steps => {
  await expect(run('refused', { keepAt: steps })).rejects.toMatchObject({ code: 'recipe-invalid' })
})
