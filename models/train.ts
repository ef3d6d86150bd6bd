import { mkdir } from 'node:fs/promises'
import { fault } from '../infra/errors.ts'
import {
  fingerprintOf,
  loadCheckpoint,
  loadResult,
  saveCheckpoint,
  saveResult,
  type TrainState,
} from './checkpoint.ts'
import type { Progress, Recipe, TrainOptions, TrainResult } from './engine.ts'
import { initialLora, type LoraLayout, loraLayout, writeAdapter } from './lora.ts'
import type { Model } from './model.ts'
import type { TokenExample } from './packing.ts'
import { learningRate, stepOrder } from './schedule.ts'
import { openStepper } from './stepper.ts'

export interface TrainTask {
  base: { name: string; hash: string }
  examples: readonly TokenExample[]
  recipe: Recipe
  options: TrainOptions
  /** Awaited before each step: lets people's questions go first. */
  pause?: () => Promise<unknown>
}

/**
 * Tunes a LoRA adapter on answer tokens. The gradient of a step is the sum over its examples' weighted nats divided by the
 * batch's answer tokens; weights do not enter the divisor, so a weight of 0 removes an example and moves nothing else.
 */
export async function train(model: Model, task: TrainTask): Promise<TrainResult> {
  const { examples, recipe, options } = task
  const { folder } = options
  checkRecipe(recipe, examples)
  const shape = { rank: recipe.rank, alpha: recipe.alpha, targets: recipe.targets }
  const layout = loraLayout(model.config, shape)
  const fingerprint = fingerprintOf(task.base.hash, recipe, examples, options.metadata ?? {})
  await mkdir(folder, { recursive: true })
  if (options.resume !== false) {
    const done = await loadResult(folder, fingerprint)
    if (done) return done
  }
  const order = stepOrder(examples.length, recipe)
  const resumed = options.resume === false ? null : await loadCheckpoint(folder, fingerprint, layout.size)
  const state = resumed ?? startState(initialLora(layout, recipe.seed))
  await takeSteps(model, task, { layout, fingerprint, order, state })
  const hash = await writeAdapter(
    folder,
    { shape, layout, flat: state.adapter },
    task.base.name,
    options.metadata ?? {},
  )
  const result: TrainResult = {
    hash,
    steps: order.length,
    tokens: state.tokens,
    tokensPerSecond: state.tokens / state.seconds,
    seconds: state.seconds,
    firstLoss: state.firstLoss,
    lastLoss: state.lastLoss,
  }
  await saveResult(folder, fingerprint, result)
  return result
}

interface Plan {
  layout: LoraLayout
  fingerprint: string
  /** The examples of every step. */
  order: readonly number[][]
  state: TrainState
}

/** Takes the steps that are left, with checkpoints on the way. */
async function takeSteps(
  model: Model,
  task: TrainTask,
  { layout, fingerprint, order, state }: Plan,
): Promise<void> {
  const { examples, recipe, options, pause } = task
  const { folder, signal } = options
  const stepper = await openStepper(model, recipe, layout, state)
  const began = performance.now() - state.seconds * 1000
  try {
    while (state.step < order.length) {
      await pause?.()
      if (signal?.aborted) {
        await saveCheckpoint(folder, fingerprint, state)
        throw fault('cancelled', `The training was stopped after ${state.step} of ${order.length} steps.`, {
          fix: 'Start it again to continue from there.',
          retry: true,
        })
      }
      const batch = order[state.step]!.map(index => examples[index]!)
      const loss = await stepper.step(batch, learningRate(state.step, order.length, recipe.learningRate))
      if (!Number.isFinite(loss)) {
        throw fault('training-diverged', `The loss is not finite at step ${state.step + 1}.`, {
          fix: 'Lower the learning rate.',
          facts: { step: state.step + 1, learningRate: recipe.learningRate },
        })
      }
      state.step++
      state.tokens += batch.reduce((sum, { tokens }) => sum + tokens.length, 0)
      state.seconds = (performance.now() - began) / 1000
      if (state.step === 1) state.firstLoss = loss
      state.lastLoss = loss
      options.onProgress?.(progressOf(state, order.length))
      if (state.step % recipe.checkpointEvery === 0 && state.step < order.length) {
        await saveCheckpoint(folder, fingerprint, state)
      }
    }
  } finally {
    await stepper.close()
  }
}

export const startState = (adapter: Float32Array): TrainState => ({
  step: 0,
  adapter,
  first: new Float32Array(adapter.length),
  second: new Float32Array(adapter.length),
  tokens: 0,
  seconds: 0,
  firstLoss: Number.NaN,
  lastLoss: Number.NaN,
})

function progressOf({ step, lastLoss, tokens, seconds }: TrainState, steps: number): Progress {
  return {
    step,
    steps,
    loss: lastLoss,
    tokens,
    tokensPerSecond: tokens / seconds,
    secondsLeft: (seconds / step) * (steps - step),
  }
}

function checkRecipe(recipe: Recipe, examples: readonly TokenExample[]): void {
  if (examples.length === 0)
    throw fault('no-examples', 'There is nothing to train on.', { fix: 'Give at least one example.' })
  const positive: (keyof Recipe)[] = [
    'epochs',
    'batch',
    'learningRate',
    'epsilon',
    'checkpointEvery',
    'maxTokens',
  ]
  const wrong = positive.filter(name => !(Number(recipe[name]) > 0))
  if (!(recipe.weightDecay >= 0)) wrong.push('weightDecay')
  if (!Number.isSafeInteger(recipe.seed)) wrong.push('seed')
  if (wrong.length > 0) {
    throw fault('recipe-invalid', `The recipe's ${wrong.join(', ')} cannot be used.`, {
      fix: 'Use positive numbers and an integer seed.',
    })
  }
}
