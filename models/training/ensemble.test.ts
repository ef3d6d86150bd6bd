import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAdapter, weightsFile } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import { rowsOf, type TokenExample } from '../packing.ts'
import { memberRuns } from './ensemble.ts'
import { type EnsembleMember, type EnsembleTask, trainEnsemble } from './ensemble-training.ts'
import { defaultRecipe, type Recipe } from './recipe.ts'
import { train } from './train.ts'

let model: Model
let folder: string
const base = { name: 'tiny', hash: '0'.repeat(64) }
const recipe: Recipe = {
  ...defaultRecipe,
  rank: 4,
  alpha: 8,
  epochs: 2,
  batch: 4,
  learningRate: 5e-3,
  // PyTorch's place: inside the root, the first steps of matrices with tiny gradients magnify the last digits.
  epsilon: 1e-8,
  epsilonPlace: 'outside',
  checkpointEvery: 2,
}

const examples: TokenExample[] = Array.from({ length: 13 }, (_, i) => {
  const question = Array.from({ length: 3 + (i % 7) }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  return { tokens: [1, ...question, ...question, 2], answerStart: question.length + 1, weight: 1 }
})
const halved = examples.map((example, i) => ({ ...example, weight: i % 2 }))

/** Members of different seeds, weights, numbers of examples, epochs, batches and rates. */
const parts: Omit<EnsembleMember, 'folder'>[] = [
  { examples },
  { examples: halved, recipe: { seed: 5 } },
  { examples: examples.slice(0, 5), recipe: { epochs: 3, batch: 2, learningRate: 2e-3 } },
]
const members = (name: string): EnsembleMember[] =>
  parts.map((part, i) => ({ ...part, folder: join(folder, name, `${i}`) }))

const run = (
  name: string,
  options: Partial<EnsembleTask['options']> = {},
  more: Partial<EnsembleTask> = {},
) =>
  trainEnsemble(model, {
    base,
    recipe,
    members: members(name),
    options: { folder: join(folder, name), ...options },
    ...more,
  })
const bytesOf = (name: string) =>
  Promise.all(parts.map((_, i) => readFile(join(folder, name, `${i}`, weightsFile))))
const relative = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / b.reduce((sum, v) => sum + v * v, 0))

beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/llama-tied/base'), 1)
  folder = await mkdtemp(join(tmpdir(), 'ensemble-'))
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})

test('members trained side by side are those trained alone, in losses and matrices', async () => {
  const losses: (number | null)[][] = []
  const together = await run('first', { onProgress: progress => losses.push(progress.losses) })
  for (const [i, part] of parts.entries()) {
    const own = join(folder, 'alone', `${i}`)
    const steps: number[] = []
    const alone = await train(model, {
      base,
      examples: part.examples,
      recipe: { ...recipe, ...part.recipe },
      options: { folder: own, onProgress: ({ loss }) => steps.push(loss) },
    })
    const mine = losses.map(row => row[i]).filter(loss => loss !== null)
    expect(mine).toHaveLength(steps.length)
    for (const [s, loss] of steps.entries()) expect(Math.abs(mine[s]! / loss - 1)).toBeLessThan(1e-4)
    const [a, b] = [join(folder, 'first', `${i}`), own].map(path => readAdapter(path, model.config))
    expect(relative((await a!).flat, (await b!).flat)).toBeLessThan(1e-4)
    expect(together[i]).toMatchObject({ steps: alone.steps, tokens: alone.tokens })
    expect(await readdir(join(folder, 'first', `${i}`))).toEqual(await readdir(own))
  }
  expect(await readdir(join(folder, 'first'))).toEqual(['0', '1', '2'])
})

test('an ensemble that died or was stopped continues to the same bytes, and is not repeated when done', async () => {
  const died = run('resumed', {
    onProgress: ({ step }) => {
      if (step === 3) throw new Error('killed')
    },
  })
  await expect(died).rejects.toThrow('killed')
  const stop = new AbortController()
  const steps: number[] = []
  const stopped = run('resumed', {
    signal: stop.signal,
    onProgress: ({ step }) => {
      steps.push(step)
      if (step === 5) stop.abort()
    },
  })
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled', retry: true })
  expect(steps).toEqual([3, 4, 5])
  await run('resumed', { onProgress: ({ step }) => steps.push(step) })
  expect(steps).toEqual([3, 4, 5, 6, 7, 8, 9])
  expect(await bytesOf('resumed')).toEqual(await bytesOf('first'))
  await run('resumed', { onProgress: ({ step }) => steps.push(step) })
  expect(steps).toHaveLength(7)
})

test('where memory allows few places, members take turns and give the same adapters', async () => {
  await run('narrow', {}, { places: 40 })
  for (const i of parts.keys()) {
    const [a, b] = ['narrow', 'first'].map(name => readAdapter(join(folder, name, `${i}`), model.config))
    expect(relative((await a!).flat, (await b!).flat)).toBeLessThan(1e-4)
  }
})

test('int8 products side by side are those of int8 alone within what rounding allows', async () => {
  const int8: Recipe = { ...recipe, products: 'int8' }
  await run('int8', {}, { recipe: int8 })
  const own = join(folder, 'int8 alone')
  await train(model, { base, examples, recipe: int8, options: { folder: own } })
  const [a, b] = [join(folder, 'int8', '0'), own].map(path => readAdapter(path, model.config))
  // One scale for the rows of all members is another scale than one for the rows of each.
  expect(relative((await a!).flat, (await b!).flat)).toBeLessThan(0.1)
})

test('runs stay within the places, and every example is in exactly one', () => {
  const batches = [examples.slice(0, 6), [], examples.slice(6, 8), examples.slice(8, 13)]
  const taken = memberRuns(batches, 40)
  for (const { members: own, runs } of taken) {
    for (const groups of runs) {
      const places = Math.max(...groups.map(group => group.length)) * Math.max(...groups.flat().map(rowsOf))
      expect(places * own.length).toBeLessThanOrEqual(40)
    }
  }
  expect(taken.flatMap(part => part.members)).toEqual([0, 2, 3])
  const seen = taken.flatMap(part => part.runs.flat(2)).map(example => examples.indexOf(example))
  expect(seen.toSorted((a, b) => a - b)).toEqual([...examples.keys()])
})

test('an ensemble without members, a member without examples and a wrong recipe are refused', async () => {
  await expect(run('none', {}, { members: [] })).rejects.toMatchObject({ code: 'no-examples' })
  const empty = [{ examples: [], folder: join(folder, 'none', '0') }]
  await expect(run('none', {}, { members: empty })).rejects.toMatchObject({ code: 'no-examples' })
  const wrong = [{ examples, folder: join(folder, 'none', '0'), recipe: { batch: 0 } }]
  await expect(run('none', {}, { members: wrong })).rejects.toMatchObject({ code: 'recipe-invalid' })
})
