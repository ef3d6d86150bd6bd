import { fault } from '../../infra/errors.ts'
import type { Evaluation, Recipe } from './recipe.ts'

type Rule = readonly [fits: (value: number) => boolean, wanted: string]

const positive: Rule = [value => value > 0 && Number.isFinite(value), 'a positive number']
const count: Rule = [value => Number.isSafeInteger(value) && value > 0, 'a positive integer']

const rules: Readonly<Record<string, Rule>> = {
  epochs: count,
  batch: count,
  maxTokens: [value => Number.isSafeInteger(value) && value > 1, 'an integer of at least 2'],
  checkpointEvery: count,
  // AdamW moves each number by about the rate a step: past 1 a LoRA matrix is noise after its first steps.
  learningRate: [value => value > 0 && value <= 1, 'above 0 and at most 1'],
  weightDecay: [value => value >= 0 && value <= 1, 'from 0 to 1'],
  epsilon: positive,
  seed: [Number.isSafeInteger, 'an integer'],
}

/**
 * Refuses what can be seen before the first step. Errors: `recipe-invalid` with every reason; rank, alpha and targets are
 * checked where the adapter is laid out on its base (`loraLayout`).
 */
export function checkRecipe(
  recipe: Recipe,
  evaluation?: Pick<Evaluation<unknown>, 'every' | 'patience'>,
  { beta = 1 }: { beta?: number } = {},
): void {
  const reasons = Object.entries(rules)
    .map(([name, [fits, wanted]]) => ({ name, wanted, fits, value: recipe[name as keyof Recipe] as unknown }))
    .filter(({ fits, value }) => typeof value !== 'number' || !fits(value))
    .map(({ name, wanted, value }) => `${name} is ${said(value)} and must be ${wanted}`)
  if (!['inside', 'outside'].includes(recipe.epsilonPlace))
    reasons.push(`epsilonPlace is ${said(recipe.epsilonPlace)} and must be inside or outside`)
  if (!['float32', 'int8'].includes(recipe.products ?? 'float32'))
    reasons.push(`products is ${said(recipe.products)} and must be float32 or int8`)
  for (const [name, value] of Object.entries({ every: evaluation?.every, patience: evaluation?.patience }))
    if (evaluation && !count[0](Number(value)))
      reasons.push(`evaluation.${name} is ${said(value)} and must be ${count[1]}`)
  if (!positive[0](beta)) reasons.push(`beta is ${said(beta)} and must be ${positive[1]}`)
  if (reasons.length === 0) return
  throw fault('recipe-invalid', `The recipe cannot be used: ${reasons.join('; ')}.`, {
    fix: 'Correct these fields.',
    facts: { reasons: reasons.length },
  })
}

const said = (value: unknown): string =>
  typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? 'absent')

/** Errors: `no-examples`, for training and for a held-out part that is given but empty. */
export function checkNotEmpty(count: number, evaluated?: number): void {
  if (count === 0)
    throw fault('no-examples', 'There is nothing to train on.', { fix: 'Give at least one example.' })
  if (evaluated === 0)
    throw fault('no-examples', 'There is nothing to evaluate on.', {
      fix: 'Give at least one held-out example, or leave the evaluation away.',
    })
}
