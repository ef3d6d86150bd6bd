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
import { adamwGraph, beta1, beta2 } from './graphs.ts'
import { initialLora, loraLayout, writeAdapter } from './lora.ts'
import { feedsFor, type Model } from './model.ts'
import { packExamples, rowsOf, type TokenExample } from './packing.ts'
import { groupsWithin, learningRate, stepOrder } from './schedule.ts'
import { floats, type Tensor } from './session.ts'

/** Places of one run of the step graph; a longer batch is summed over several runs, so that memory stays bounded. */
const stepPlaces = 4096

export interface TrainTask {
  base: { name: string; hash: string }
  examples: readonly TokenExample[]
  recipe: Recipe
  options: TrainOptions
}

/**
 * Tunes a LoRA adapter on answer tokens. The gradient of a step is the sum over its examples' weighted nats divided by the
 * batch's answer tokens; weights do not enter the divisor, so a weight of 0 removes an example and moves nothing else.
 */
export async function train(model: Model, task: TrainTask): Promise<TrainResult> {
  const { examples, recipe, options } = task
  const { folder, signal } = options
  checkRecipe(recipe, examples)
  const shape = { rank: recipe.rank, alpha: recipe.alpha, targets: recipe.targets }
  const layout = loraLayout(model.config, shape)
  const fingerprint = fingerprintOf(task.base.hash, recipe, examples, options.metadata ?? {})
  await mkdir(folder, { recursive: true })
  if (options.resume !== false) {
    const done = await loadResult(folder, fingerprint)
    if (done) return done
  }
  const lengths = examples.map(rowsOf)
  const order = stepOrder(lengths, recipe)
  const resumed = options.resume === false ? null : await loadCheckpoint(folder, fingerprint, layout.size)
  const state = resumed ?? startState(initialLora(layout, recipe.seed))
  const stepper = await openStepper(model, recipe, layout, state)
  const began = performance.now() - state.seconds * 1000
  while (state.step < order.length) {
    if (signal?.aborted) {
      await saveCheckpoint(folder, fingerprint, state)
      throw fault('cancelled', `The training was stopped after ${state.step} of ${order.length} steps.`, {
        fix: 'Start it again to continue from there.',
        retry: true,
      })
    }
    const batch = order[state.step]!
    const rate = learningRate(state.step, order.length, recipe.learningRate)
    const loss = await stepper(
      batch.map(index => examples[index]!),
      rate,
    )
    if (!Number.isFinite(loss)) {
      throw fault('training-diverged', `The loss is not finite at step ${state.step + 1}.`, {
        fix: 'Lower the learning rate.',
        facts: { step: state.step + 1, learningRate: recipe.learningRate },
      })
    }
    state.step++
    state.tokens += batch.reduce((sum, index) => sum + examples[index]!.tokens.length, 0)
    state.seconds = (performance.now() - began) / 1000
    if (state.step === 1) state.firstLoss = loss
    state.lastLoss = loss
    options.onProgress?.(progressOf(state, order.length))
    if (state.step % recipe.checkpointEvery === 0 && state.step < order.length) {
      await saveCheckpoint(folder, fingerprint, state)
    }
  }
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

const startState = (adapter: Float32Array): TrainState => ({
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

type Stepper = (batch: readonly TokenExample[], rate: number) => Promise<number>

/** One AdamW step on `state`, in place; returns the batch's nats per answer token before the step. */
async function openStepper(
  model: Model,
  recipe: Recipe,
  layout: ReturnType<typeof loraLayout>,
  state: TrainState,
): Promise<Stepper> {
  const session = await model.step(layout)
  const { epsilon, epsilonPlace } = recipe
  const updater = await model.session(`adamw ${layout.size} ${epsilon} ${epsilonPlace}`, () =>
    adamwGraph(layout.size, recipe),
  )
  const memory = model.mergeMemory(layout)
  const vector = (data: Float32Array = new Float32Array(layout.size)): Tensor => floats(data, [layout.size])
  const scalar = (value: number): Tensor => floats(new Float32Array([value]), [])
  const zeros = vector()
  const sums = [vector(), vector()] as const
  let spare: Pick<TrainState, 'adapter' | 'first' | 'second'> = {
    adapter: new Float32Array(layout.size),
    first: new Float32Array(layout.size),
    second: new Float32Array(layout.size),
  }
  return async (batch, rate) => {
    const weights = await model.merge(layout, state.adapter, memory)
    const lengths = batch.map(rowsOf)
    const order = [...batch.keys()].toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
    let nats = 0
    let tokens = 0
    let sum = zeros
    for (const [i, group] of groupsWithin(order, lengths, stepPlaces).entries()) {
      const packed = packExamples(
        group.map(index => batch[index]!),
        model.config,
      )
      const gradient = sums[i % 2]!
      const own = { adapter: vector(state.adapter), sum }
      const outputs = await session.run(feedsFor(session, packed.feeds, own, weights), { gradient })
      sum = gradient
      for (const value of outputs.nats!.data as Float32Array) nats += value
      tokens += packed.answers.reduce((total, count) => total + count, 0)
    }
    const t = state.step + 1
    await updater.run(
      {
        adapter: vector(state.adapter),
        first: vector(state.first),
        second: vector(state.second),
        gradient: sum,
        rate: scalar(rate),
        decay: scalar(rate * recipe.weightDecay),
        share: scalar(1 / tokens),
        correction1: scalar(1 / (1 - beta1 ** t)),
        correction2: scalar(1 / (1 - beta2 ** t)),
      },
      {
        'adapter.next': vector(spare.adapter),
        'first.next': vector(spare.first),
        'second.next': vector(spare.second),
      },
    )
    const used = { adapter: state.adapter, first: state.first, second: state.second }
    Object.assign(state, spare)
    spare = used
    return nats / tokens
  }
}
