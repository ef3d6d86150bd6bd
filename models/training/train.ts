import { lossesUnder } from '../evaluate.ts'
import { initialLora, loraLayout } from '../lora.ts'
import type { Model } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { fingerprintOf } from './checkpoint.ts'
import { lossBytes, placesFor } from './memory.ts'
import type { Evaluation, Recipe, TrainOptions, TrainResult } from './recipe.ts'
import { checkNotEmpty, checkRecipe } from './recipe-check.ts'
import { stepOrder } from './schedule.ts'
import { stepPlaces } from './stepper.ts'
import { tune } from './tune.ts'

export { startState } from './tune.ts'

export interface TrainTask {
  base: { name: string; hash: string }
  examples: readonly TokenExample[]
  recipe: Recipe
  options: Omit<TrainOptions, 'evaluation'> & { evaluation?: Evaluation<TokenExample> }
  /** Memory that the process may take, bytes; without it batches are not made smaller to fit. */
  memoryBytes?: number
  /** Awaited before each step: lets people's questions go first. */
  pause?: () => Promise<unknown>
}

/**
 * Tunes a LoRA adapter on answer tokens. The gradient of a step is the sum over its examples' weighted nats divided by the
 * batch's answer tokens; weights do not enter the divisor, so a weight of 0 removes an example and moves nothing else.
 */
export async function train(model: Model, task: TrainTask): Promise<TrainResult> {
  const { examples, recipe, options } = task
  const { evaluation, metadata = {} } = options
  checkNotEmpty(examples.length, evaluation?.examples.length)
  checkRecipe(recipe, evaluation)
  const shape = { rank: recipe.rank, alpha: recipe.alpha, targets: recipe.targets }
  const layout = loraLayout(model.config, shape)
  const batches = stepOrder(examples.length, recipe).map(indices => indices.map(index => examples[index]!))
  const places = placesFor(
    model,
    layout,
    batches,
    task.memoryBytes,
    lossBytes(model, evaluation?.examples ?? []),
  )
  const fingerprint = fingerprintOf(task.base.hash, {
    recipe,
    metadata,
    examples: evaluation ? [examples, evaluation.examples] : [examples],
    // Groups of another size sum the same gradient in another order: the last bits differ.
    rest: { places: places === stepPlaces ? null : places, ...stopping(evaluation) },
  })
  return tune<object>(model, {
    baseName: task.base.name,
    recipe,
    options,
    shape,
    layout,
    start: initialLora(layout, recipe.seed),
    fingerprint,
    count: examples.length,
    places,
    tokensOf: index => examples[index]!.tokens.length,
    step: async (stepper, _, indices, rate) => ({
      loss: await stepper.step(
        indices.map(index => examples[index]!),
        rate,
      ),
      extra: {},
    }),
    ...(evaluation
      ? {
          evaluation: {
            ...evaluation,
            loss: async adapter => {
              const weights = await model.merge(layout, adapter)
              return (await lossesUnder(model, weights, evaluation.examples, options.signal)).perToken
            },
          },
        }
      : {}),
    conclude: async () => ({}),
    onProgress: progress => options.onProgress?.(progress),
    pause: task.pause,
  })
}

/** What of an early stop decides the result, next to its examples. */
export const stopping = (evaluation?: Evaluation<unknown>): { every: number; patience: number } | null =>
  evaluation ? { every: evaluation.every, patience: evaluation.patience } : null
