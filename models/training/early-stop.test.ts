import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultRecipe, type Progress, type Recipe } from '../engine.ts'
import { answerLosses } from '../evaluate.ts'
import { weightsFile } from '../lora.ts'
import { type Model, openModel } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { evaluationIsDue, patienceIsOver, recordEvaluation } from './early-stop.ts'
import { startState, train } from './train.ts'

let model: Model
let folder: string
const recipe: Recipe = {
  ...defaultRecipe,
  rank: 4,
  alpha: 8,
  epochs: 20,
  batch: 6,
  learningRate: 2e-2,
  checkpointEvery: 3,
}
/** Each answer is a fixed shuffle of its question: learned by heart in training, so that others get worse. */
const exampleOf = (i: number): TokenExample => {
  const question = Array.from({ length: 6 }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  const answer = question.map(token => 3 + ((token * 7 + i * 13) % 300))
  return { tokens: [1, ...question, ...answer, 2], answerStart: 7, weight: 1 }
}
const examples = Array.from({ length: 12 }, (_, i) => exampleOf(i))
const evaluation = {
  examples: Array.from({ length: 6 }, (_, i) => exampleOf(100 + i)),
  every: 2,
  patience: 3,
}

beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/llama-tied/base'), 1)
  folder = await mkdtemp(join(tmpdir(), 'early-stop-'))
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})

const bytesOf = (name: string): Promise<Buffer> => readFile(join(folder, name, weightsFile))
const run = (name: string, options: Partial<Parameters<typeof train>[1]['options']> = {}) =>
  train(model, {
    base: { name: 'tiny', hash: '0'.repeat(64) },
    examples,
    recipe,
    options: { folder: join(folder, name), evaluation, ...options },
  })

test('a training ends when held-out examples gain no more, and its best adapter is written', async () => {
  const events: Progress[] = []
  const result = await run('stopped', { onProgress: event => events.push(event) })
  const { evaluations = [], bestStep = 0 } = result
  expect(result).toMatchObject({
    stoppedEarly: true,
    steps: bestStep + evaluation.every * evaluation.patience,
  })
  expect(result.steps).toBeLessThan(40)
  expect(events.flatMap(event => event.evaluation ?? [])).toEqual(evaluations)
  const lowest = Math.min(...evaluations.map(({ loss }) => loss))
  expect(evaluations.find(({ step }) => step === bestStep)?.loss).toBe(lowest)
  const written = await answerLosses(model, evaluation.examples, join(folder, 'stopped'))
  expect(written.perToken).toBeCloseTo(lowest, 5)
})

test('a training that is stopped or dies between evaluations continues to the same bytes and the same result', async () => {
  const whole = await run('whole')
  for (const at of [1, 4, 7]) {
    const name = `dies-${at}`
    const died = run(name, {
      onProgress: ({ step, evaluation: point }) => {
        if (step === at && !point) throw new Error('killed')
      },
    })
    await expect(died).rejects.toThrow('killed')
    const { seconds: _, tokensPerSecond: __, ...result } = await run(name)
    expect(whole).toMatchObject(result)
    expect(await bytesOf(name)).toEqual(await bytesOf('whole'))
  }
  const stop = new AbortController()
  const stopped = run('cancelled', {
    signal: stop.signal,
    onProgress: ({ step }) => {
      if (step === 4) stop.abort()
    },
  })
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
  const seen: number[] = []
  await run('cancelled', { onProgress: ({ step, evaluation: point }) => point && seen.push(step) })
  expect(seen[0]).toBe(4)
  expect(await bytesOf('cancelled')).toEqual(await bytesOf('whole'))
})

test('other held-out examples or another patience are another training', async () => {
  const steps: number[] = []
  const onProgress = ({ step }: Progress) => steps.push(step)
  await run('whole', { onProgress })
  expect(steps).toEqual([])
  await run('whole', { onProgress, evaluation: { ...evaluation, patience: 1 } })
  expect(steps[0]).toBe(1)
})

test('an evaluation is due after every so many steps and after the last, once', () => {
  const state = startState(new Float32Array(1))
  const due: number[] = []
  for (; state.step <= 7; state.step++) {
    if (!evaluationIsDue(state, 3, 7)) continue
    due.push(state.step)
    recordEvaluation(state, 1)
    expect(evaluationIsDue(state, 3, 7)).toBe(false)
  }
  expect(due).toEqual([3, 6, 7])
})

test('patience counts from the first evaluation of the lowest loss', () => {
  const state = startState(new Float32Array([1]))
  const over = [3, 2, 2, 2.5, 2].map((loss, step) => {
    state.step = step + 1
    state.adapter[0] = step
    recordEvaluation(state, loss)
    return patienceIsOver(state, 3)
  })
  expect(over).toEqual([false, false, false, false, true])
  expect(state.best).toEqual(new Float32Array([1]))
})

test('a step to keep that lies past an early stop is neither kept nor asked for again', async () => {
  const { steps } = await run('kept', { keepAt: [1, 40] })
  expect(steps).toBeLessThan(40)
  expect((await readdir(join(folder, 'kept'))).filter(name => name.startsWith('step-'))).toEqual(['step-1'])
  const again: Progress[] = []
  await run('kept', { keepAt: [1, 40], onProgress: event => again.push(event) })
  expect(again).toEqual([])
})
