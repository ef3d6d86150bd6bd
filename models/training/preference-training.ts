import { natsUnder } from '../evaluate.ts'
import { initialLora, loraLayout, readAdapter } from '../lora.ts'
import type { Model } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import type { Tensor } from '../session.ts'
import { fingerprintOf } from './checkpoint.ts'
import type { TokenPreference } from './examples.ts'
import { lossBytes, placesFor } from './memory.ts'
import { type PreferenceLoss, preferenceLoss } from './preference.ts'
import type { Evaluation, PreferenceOptions, PreferenceResult, Recipe } from './recipe.ts'
import { checkNotEmpty, checkRecipe } from './recipe-check.ts'
import { stepOrder } from './schedule.ts'
import { stepPlaces } from './stepper.ts'
import { stopping } from './train.ts'
import { tune } from './tune.ts'

export interface PreferenceTask {
  base: { name: string; hash: string }
  pairs: readonly TokenPreference[]
  recipe: Recipe
  options: Omit<PreferenceOptions, 'evaluation'> & { evaluation?: Evaluation<TokenPreference> }
  memoryBytes?: number
  pause?: () => Promise<unknown>
}

/** Pulls towards the reference as in the paper's experiments. */
const defaultBeta = 0.1

/**
 * Direct preference optimisation (Rafailov et al. 2023): the nats of a step's answers come first, then the step graph runs
 * with the loss's derivative by each answer's nats as that answer's weight. The reference's nats are computed once, before
 * the first step and again on resuming; they follow from the pairs, so a resumed training gives the same bytes.
 */
export async function trainPreferences(model: Model, task: PreferenceTask): Promise<PreferenceResult> {
  const { pairs, recipe, options } = task
  const { evaluation, metadata = {}, beta = defaultBeta, signal } = options
  checkNotEmpty(pairs.length, evaluation?.examples.length)
  checkRecipe(recipe, evaluation, { beta })
  const { shape, layout, start, hash } = await startOf(model, recipe, options.from)
  const reference = options.reference === undefined ? (options.from ?? null) : options.reference
  const batches = stepOrder(pairs.length, recipe).map(batch => answersOf(batch.map(index => pairs[index]!)))
  const places = placesFor(
    model,
    layout,
    batches,
    task.memoryBytes,
    lossBytes(model, answersOf([...pairs, ...(evaluation?.examples ?? [])])),
  )
  const fingerprint = fingerprintOf(task.base.hash, {
    recipe,
    metadata,
    examples: [pairs, evaluation?.examples ?? []].map(answersOf),
    rest: {
      beta,
      from: hash,
      reference: reference === null ? null : (await readAdapter(reference, model.config)).hash,
      places: places === stepPlaces ? null : places,
      ...stopping(evaluation),
    },
  })
  const judge = await openJudge(model, reference, beta, signal)
  const [trained, heldOut] = [judge(pairs), judge(evaluation?.examples ?? [])]
  const everything = [...pairs.keys()]
  return tune<Margins>(model, {
    baseName: task.base.name,
    recipe,
    options,
    shape,
    layout,
    start,
    fingerprint,
    count: pairs.length,
    places,
    tokensOf: index => pairs[index]!.chosen.tokens.length + pairs[index]!.rejected.tokens.length,
    async step(stepper, state, indices, rate) {
      const weights = await model.merge(layout, state.adapter)
      const { loss, weights: slopes, margins } = await trained(weights, indices)
      const answers = answersOf(indices.map(index => pairs[index]!))
      const count = answers.reduce((sum, { tokens, answerStart }) => sum + tokens.length - answerStart, 0)
      // The stepper divides by the answer tokens, this loss is a mean over pairs.
      const weighted = answers.map((answer, i) => ({ ...answer, weight: slopes[i]! * count }))
      await stepper.step(weighted, rate)
      return { loss, extra: marginsOf(margins) }
    },
    ...(evaluation
      ? {
          evaluation: {
            ...evaluation,
            loss: async adapter =>
              (await heldOut(await model.merge(layout, adapter), [...evaluation.examples.keys()])).loss,
          },
        }
      : {}),
    conclude: async adapter =>
      marginsOf((await trained(await model.merge(layout, adapter), everything)).margins),
    onProgress: (progress, margins) => options.onProgress?.({ ...progress, ...margins }),
    pause: task.pause,
  })
}

interface Margins {
  margin: number
  accuracy: number
}

const marginsOf = (margins: readonly number[]): Margins => ({
  margin: total(margins) / margins.length,
  accuracy: margins.filter(margin => margin > 0).length / margins.length,
})

/** What the training starts from: an adapter with its own shape, or a fresh one of the recipe's. */
async function startOf(model: Model, recipe: Recipe, from: string | undefined) {
  if (from !== undefined) {
    const { shape, layout, flat, hash } = await readAdapter(from, model.config)
    return { shape, layout, start: flat, hash }
  }
  const shape = { rank: recipe.rank, alpha: recipe.alpha, targets: recipe.targets }
  const layout = loraLayout(model.config, shape)
  return { shape, layout, start: initialLora(layout, recipe.seed), hash: null }
}

type Judge = (
  weights: Readonly<Record<string, Tensor>>,
  indices: readonly number[],
) => Promise<PreferenceLoss>

/** The preference loss of some pairs of a list under merged weights; the list's reference nats are computed at the first call. */
async function openJudge(model: Model, reference: string | null, beta: number, signal?: AbortSignal) {
  const nats = async (weights: Readonly<Record<string, Tensor>>, pairs: readonly TokenPreference[]) =>
    (await natsUnder(model, weights, answersOf(pairs), signal)).map(total)
  return (list: readonly TokenPreference[]): Judge => {
    let known: Promise<number[]> | undefined
    return async (weights, indices) => {
      known ??= model.adapted(reference).then(own => nats(own.weights, list))
      const all = await known
      const policy = await nats(
        weights,
        indices.map(index => list[index]!),
      )
      return preferenceLoss(
        policy,
        indices.flatMap(index => [all[2 * index]!, all[2 * index + 1]!]),
        indices.map((index, i) => ({
          chosen: 2 * i,
          rejected: 2 * i + 1,
          weight: list[index]!.chosen.weight,
        })),
        beta,
      )
    }
  }
}

/** Chosen and rejected answers in turn. */
const answersOf = (pairs: readonly TokenPreference[]): TokenExample[] =>
  pairs.flatMap(({ chosen, rejected }) => [chosen, rejected])

const total = (values: Iterable<number>): number => {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
