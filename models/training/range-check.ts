import { fault } from '../../infra/errors.ts'
import { initialLora, loraLayout } from '../lora.ts'
import type { Model } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { placesFor } from './memory.ts'
import type { RangeCheck, RangeOptions, RangePoint, Recipe } from './recipe.ts'
import { checkNotEmpty, checkRecipe } from './recipe-check.ts'
import { stepOrder } from './schedule.ts'
import { openStepper } from './stepper.ts'
import { startState } from './tune.ts'

export interface RangeTask {
  examples: readonly TokenExample[]
  recipe: Recipe
  options: RangeOptions
  memoryBytes?: number
  /** Awaited before each step: lets people's questions go first. */
  pause?: () => Promise<unknown>
}

type Ramp = Required<Omit<RangeOptions, 'signal'>>

const defaults = { from: 1e-5, to: 1, steps: 60 } as const

/** Decay of the running mean of the losses. */
const decay = 0.9
/**
 * The loss has diverged when its running mean is a quarter above its lowest. Gugger's factor of 4 never comes: a token's
 * nats start at a few and end at about the logarithm of the vocabulary.
 */
const divergence = 1.25

/**
 * Learning-rate range test (Smith 2015, section 3.3), on an exponential ramp with smoothed losses as in Gugger 2018 ("How
 * do you find a good learning rate"). Batches are drawn as in training. Stops early once the loss has diverged.
 */
export async function rangeCheck(model: Model, task: RangeTask): Promise<RangeCheck> {
  const { examples, recipe, options, pause } = task
  const ramp: Ramp = { ...defaults, ...options }
  const { from, to, steps } = ramp
  checkNotEmpty(examples.length)
  checkRecipe(recipe)
  checkRange(from, to, steps)
  const layout = loraLayout(model.config, recipe)
  const epochs = Math.ceil(steps / Math.ceil(examples.length / recipe.batch))
  const batches = stepOrder(examples.length, { ...recipe, epochs })
    .slice(0, steps)
    .map(indices => indices.map(index => examples[index]!))
  const places = placesFor(model, layout, batches, task.memoryBytes)
  const state = startState(initialLora(layout, recipe.seed))
  const stepper = await openStepper(model, recipe, layout, state, places)
  const losses: number[] = []
  try {
    for (const batch of batches) {
      await pause?.()
      if (options.signal?.aborted)
        throw fault('cancelled', `The range check was stopped after ${losses.length} of ${steps} steps.`, {
          fix: 'Start it again.',
          retry: true,
        })
      losses.push(await stepper.step(batch, rampRate(losses.length, ramp)))
      state.step++
      if (readCurve(losses, ramp).diverged !== null) break
    }
  } finally {
    await stepper.close()
  }
  return readCurve(losses, ramp)
}

/** Rate of a step, counted from 0: equal factors from `from` to `to`. */
export const rampRate = (step: number, { from, to, steps }: Ramp): number =>
  from * (to / from) ** (step / (steps - 1))

/**
 * Reads the losses of a ramp, the last of which may not be finite. The suggestion is Gugger's: a tenth of the rate of the
 * lowest smoothed loss. On 974 rows of MedQuAD and the shipped base that is 3.2e-3 (lowest at 3.2e-2, diverged at 7.0e-2),
 * where 4e-3 is the best peak found by whole trainings; the steepest point of so noisy a curve said 1.2e-4.
 */
export function readCurve(losses: readonly number[], ramp: Ramp): RangeCheck {
  const points: RangePoint[] = []
  let mean = 0
  for (const [step, loss] of losses.entries()) {
    mean = decay * mean + (1 - decay) * loss
    points.push({ rate: rampRate(step, ramp), loss, smoothed: mean / (1 - decay ** (step + 1)) })
  }
  const best = points.reduce((low, point) => (point.smoothed < low.smoothed ? point : low))
  const last = points.at(-1)!
  return {
    points,
    suggested: best.rate / 10 < ramp.from ? null : best.rate / 10,
    lowest: best.rate,
    diverged: last.smoothed <= best.smoothed * divergence ? null : last.rate,
  }
}

function checkRange(from: number, to: number, steps: number): void {
  const reasons: string[] = []
  if (!(from > 0 && Number.isFinite(from))) reasons.push(`from is ${from} and must be a positive number`)
  if (!(to > from && to <= 10)) reasons.push(`to is ${to} and must be above from and at most 10`)
  if (!Number.isSafeInteger(steps) || steps < 10 || steps > 1000)
    reasons.push(`steps is ${steps} and must be an integer from 10 to 1000`)
  if (reasons.length === 0) return
  throw fault('range-invalid', `The range cannot be checked: ${reasons.join('; ')}.`, {
    fix: 'Use a range such as 1e-5 to 1 in 60 steps.',
    facts: { from, to, steps },
  })
}
