import { expect, test } from 'vitest'
import { isFault } from '../../infra/errors.ts'
import { defaultRecipe, type Recipe } from './recipe.ts'
import { checkRecipe } from './recipe-check.ts'

const messageOf = (wrong: Partial<Recipe>, ...more: [{ every: number; patience: number }?]): string => {
  try {
    checkRecipe({ ...defaultRecipe, ...wrong }, ...more)
  } catch (error) {
    if (isFault(error, 'recipe-invalid')) return error.message
    throw error
  }
  return ''
}

test('the default recipe is accepted, with an early stop too', () => {
  expect(messageOf({})).toBe('')
  expect(messageOf({}, { every: 10, patience: 3 })).toBe('')
})

test.each([
  ['epochs', 0],
  ['epochs', 1.5],
  ['batch', -1],
  ['batch', 0.5],
  ['maxTokens', 1],
  ['checkpointEvery', Number.POSITIVE_INFINITY],
  ['learningRate', 0],
  ['learningRate', 1.5],
  ['learningRate', Number.NaN],
  ['weightDecay', -0.1],
  ['epsilon', 0],
  ['seed', 0.5],
])('a recipe whose %s is %d is refused by name and value', (name, value) => {
  expect(messageOf({ [name]: value })).toContain(`${name} is ${value} and must be`)
})

test('all reasons are named at once', () => {
  const message = messageOf(
    { epochs: 0, learningRate: 7, seed: 0.1, epsilonPlace: 'above' as 'inside' },
    { every: 0, patience: 1.5 },
  )
  for (const name of [
    'epochs',
    'learningRate',
    'seed',
    'epsilonPlace',
    'evaluation.every',
    'evaluation.patience',
  ])
    expect(message).toContain(name)
})

test('a field that is absent or no number is named', () => {
  expect(messageOf({ batch: undefined as unknown as number })).toContain('batch is absent')
  expect(messageOf({ epochs: '3' as unknown as number })).toContain('epochs is "3"')
})
