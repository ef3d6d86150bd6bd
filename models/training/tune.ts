import { mkdir } from 'node:fs/promises'
import { fault, type TributaryError } from '../../infra/errors.ts'
import { type LoraLayout, type LoraShape, writeAdapter } from '../lora.ts'
import type { Model } from '../model.ts'
import { loadCheckpoint, loadResult, saveCheckpoint, saveResult, type TrainState } from './checkpoint.ts'
import { bestOf, evaluationIsDue, patienceIsOver, recordEvaluation } from './early-stop.ts'
import { areKept, checkKept, keepStep } from './kept-steps.ts'
import type { Progress, Recipe, TrainOptions, TrainResult } from './recipe.ts'
import { learningRate, stepOrder } from './schedule.ts'
import { openStepper, type Stepper } from './stepper.ts'

/** A training of any loss, as the loop sees it. `Extra` is what its steps and its result report next to the loss. */
export interface Tuning<Extra extends object> {
  baseName: string
  recipe: Recipe
  options: Pick<TrainOptions, 'folder' | 'resume' | 'signal' | 'metadata' | 'keepAt'>
  shape: LoraShape
  layout: LoraLayout
  /** The adapter before the first step, [layout.size]. */
  start: Float32Array
  fingerprint: string
  /** Examples or pairs to draw batches from. */
  count: number
  /** Places of one run of the step graph. */
  places: number
  /** Tokens computed for one example or pair. */
  tokensOf(index: number): number
  /** One AdamW step on these examples; `loss` before it. */
  step(
    stepper: Stepper,
    state: TrainState,
    indices: readonly number[],
    rate: number,
  ): Promise<{ loss: number; extra: Extra }>
  evaluation?: { every: number; patience: number; loss(adapter: Float32Array): Promise<number> }
  /** What the result reports of the adapter that was written. */
  conclude(adapter: Float32Array): Promise<Extra>
  /** `extra` is absent in the event of an evaluation. */
  onProgress?(progress: Progress, extra?: Extra): void
  /** Awaited before each step: lets people's questions go first. */
  pause?: (() => Promise<unknown>) | undefined
}

/**
 * Runs a training to its end: from its checkpoint where the folder holds one, not at all where the folder holds its result.
 * What it writes follows from `fingerprint` alone, whenever the process is killed and called again.
 */
export async function tune<Extra extends object>(
  model: Model,
  tuning: Tuning<Extra>,
): Promise<TrainResult & Extra> {
  const { recipe, options, layout, fingerprint } = tuning
  const { folder, resume = true, keepAt = [] } = options
  const order = stepOrder(tuning.count, recipe)
  checkKept(keepAt, order.length)
  await mkdir(folder, { recursive: true })
  const keptUpTo = (last: number) =>
    areKept(
      folder,
      fingerprint,
      keepAt.filter(step => step <= last),
    )
  const done = resume ? await loadResult(folder, fingerprint) : null
  if (done && (await keptUpTo(done.steps))) return done as TrainResult & Extra
  const resumed = resume ? await loadCheckpoint(folder, fingerprint, layout.size) : null
  // A step that was to be kept and is gone comes back only from the start.
  const state = resumed && (await keptUpTo(resumed.step)) ? resumed : startState(tuning.start)
  await takeSteps(model, tuning, order, state)
  const flat = state.best ?? state.adapter
  const extra = await unlessAborted(options.signal, () => tuning.conclude(flat))
  if (extra === null) throw await cancelled(tuning, state, order.length)
  const hash = await write(tuning, folder, flat)
  const result = { ...resultOf(state, hash, order.length), ...extra }
  await saveResult(folder, fingerprint, result)
  return result
}

const write = <Extra extends object>(
  { shape, layout, baseName, options }: Tuning<Extra>,
  folder: string,
  flat: Float32Array,
): Promise<string> => writeAdapter(folder, { shape, layout, flat }, baseName, options.metadata ?? {})

/** Takes the steps that are left, with evaluations and checkpoints on the way. */
async function takeSteps<Extra extends object>(
  model: Model,
  tuning: Tuning<Extra>,
  order: readonly number[][],
  state: TrainState,
): Promise<void> {
  const { recipe, layout, options, fingerprint, evaluation, onProgress } = tuning
  const { folder, signal } = options
  const stepper = await openStepper(model, recipe, layout, state, tuning.places)
  const steps = order.length
  const began = performance.now() - state.seconds * 1000
  const clock = (): void => {
    state.seconds = (performance.now() - began) / 1000
  }
  try {
    while (true) {
      const due = evaluation && evaluationIsDue(state, evaluation.every, steps) ? evaluation : null
      const over = state.step === steps || (evaluation && patienceIsOver(state, evaluation.patience))
      if (over && !due) return
      await tuning.pause?.()
      if (signal?.aborted) throw await cancelled(tuning, state, steps)
      if (due) {
        // One that is stopped midway is made again on resuming: the checkpoint shows that it is due.
        const loss = await unlessAborted(signal, () => due.loss(state.adapter))
        if (loss === null) continue
        if (!Number.isFinite(loss)) throw diverged(state.step, recipe)
        const point = recordEvaluation(state, loss)
        clock()
        onProgress?.({ ...progressOf(state, steps), evaluation: point })
        continue
      }
      const indices = order[state.step]!
      const rate = learningRate(state.step, steps, recipe.learningRate)
      const report = await unlessAborted(signal, () => tuning.step(stepper, state, indices, rate))
      if (report === null) continue
      const { loss, extra } = report
      state.step++
      if (!Number.isFinite(loss)) throw diverged(state.step, recipe)
      state.tokens += indices.reduce((sum, index) => sum + tuning.tokensOf(index), 0)
      clock()
      if (state.step === 1) state.firstLoss = loss
      state.lastLoss = loss
      onProgress?.(progressOf(state, steps), extra)
      // Before the checkpoint, which would go past it.
      if (options.keepAt?.includes(state.step)) {
        const { hash: _, ...result } = resultOf(state, '', steps)
        await keepStep(folder, fingerprint, result, into => write(tuning, into, state.adapter))
      }
      if (state.step % recipe.checkpointEvery === 0 && state.step < steps)
        await saveCheckpoint(folder, fingerprint, state)
    }
  } finally {
    await stepper.close()
  }
}

/** The work's result, or null where the signal ended it. */
async function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null
    throw error
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
  evaluations: [],
  best: null,
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

function resultOf(state: TrainState, hash: string, steps: number): TrainResult {
  const { step, tokens, seconds, firstLoss, lastLoss, evaluations } = state
  const best = bestOf(evaluations)
  return {
    hash,
    steps: step,
    tokens,
    tokensPerSecond: tokens / seconds,
    seconds,
    firstLoss,
    lastLoss,
    ...(best ? { evaluations, bestStep: best.step, stoppedEarly: step < steps } : {}),
  }
}

/** Saves where the training stands, and says so. */
async function cancelled<Extra extends object>(
  { options, fingerprint }: Tuning<Extra>,
  state: TrainState,
  steps: number,
): Promise<TributaryError> {
  await saveCheckpoint(options.folder, fingerprint, state)
  return fault('cancelled', `The training was stopped after ${state.step} of ${steps} steps.`, {
    fix: 'Start it again to continue from there.',
    retry: true,
  })
}

const diverged = (step: number, { learningRate: rate }: Recipe): Error =>
  fault('training-diverged', `The loss is not finite at step ${step}.`, {
    fix: 'Lower the learning rate.',
    facts: { step, learningRate: rate },
  })
