import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultRecipe, type Recipe } from '../engine.ts'
import { type Model, openModel } from '../model.ts'
import type { TokenExample } from '../packing.ts'
import { rampRate, rangeCheck, readCurve } from './range-check.ts'

let model: Model
const recipe: Recipe = { ...defaultRecipe, rank: 4, alpha: 8, batch: 4 }
const examples: TokenExample[] = Array.from({ length: 18 }, (_, i) => {
  const question = Array.from({ length: 3 + (i % 7) }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  return { tokens: [1, ...question, ...question, 2], answerStart: question.length + 1, weight: 1 }
})
const ramp = { from: 1e-3, to: 10, steps: 40 }

beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../base/tributary-8m'), 1)
})
afterAll(() => model.close())

test('a range check raises the rate by equal factors until the loss diverges, the same way each time', async () => {
  const check = await rangeCheck(model, { examples, recipe, options: ramp })
  expect(await rangeCheck(model, { examples, recipe, options: ramp })).toEqual(check)
  const { points, suggested, lowest, diverged } = check
  expect(points[0]!.rate).toBe(1e-3)
  expect(points[2]!.rate / points[1]!.rate).toBeCloseTo(points[1]!.rate / points[0]!.rate, 10)
  expect(points.length).toBeLessThan(ramp.steps)
  expect(points.at(-1)!.rate).toBe(diverged)
  expect(lowest).toBeLessThan(diverged!)
  expect(suggested).toBe(lowest / 10)
})

test('a range check that is stopped ends between two steps', async () => {
  const stop = new AbortController()
  let steps = 0
  const pause = async () => {
    if (steps++ === 3) stop.abort()
  }
  const stopped = rangeCheck(model, { examples, recipe, options: { ...ramp, signal: stop.signal }, pause })
  await expect(stopped).rejects.toMatchObject({
    code: 'cancelled',
    message: expect.stringContaining('3 of 40'),
  })
})

test('the suggested rate is a tenth of that of the lowest smoothed loss', () => {
  const own = { from: 1e-4, to: 1, steps: 81 }
  const valley = Array.from({ length: 81 }, (_, step) => 2 + ((step - 50) / 50) ** 2)
  const { lowest, suggested, diverged } = readCurve(valley, own)
  expect(suggested).toBe(lowest / 10)
  expect(diverged).toBe(null)
  // Smoothing sees the turn some steps late.
  expect(lowest).toBeGreaterThan(rampRate(50, own))
  expect(lowest).toBeLessThan(rampRate(60, own))
  expect(readCurve([...valley.slice(0, 60), Number.NaN], own).diverged).toBe(rampRate(60, own))
})

test('a loss that never falls suggests nothing', () => {
  const curve = readCurve([3, 3, 3.1, 3.2], { from: 1e-4, to: 1, steps: 20 })
  expect(curve).toMatchObject({ suggested: null, lowest: 1e-4, diverged: null })
})

test('a range that cannot be checked is refused with every reason', async () => {
  const wrong = rangeCheck(model, { examples, recipe, options: { from: 0, to: 100, steps: 1.5 } })
  await expect(wrong).rejects.toMatchObject({
    code: 'range-invalid',
    message: expect.stringMatching(/from is 0.*to is 100.*steps is 1.5/),
  })
})
