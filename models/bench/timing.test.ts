import { expect, test } from 'vitest'
import { median, medianSteps, quantile } from './timing.ts'

test('the median and quantiles do not depend on the order', () => {
  expect(median([5, 1, 9])).toBe(5)
  expect(quantile([4, 3, 2, 1, 0, 9, 8, 7, 6, 5], 0.9)).toBe(9)
})

test('modes take turns, and the first step of a turn is not counted', async () => {
  const order: string[] = []
  const mode = (name: string) => async () => order.push(name)
  const steps = await medianSteps({ a: mode('a'), b: mode('b') }, { turns: 2, milliseconds: 0, least: 1 })
  expect(order.join('')).toBe('aabbaabb')
  expect(Object.keys(steps)).toEqual(['a', 'b'])
})
