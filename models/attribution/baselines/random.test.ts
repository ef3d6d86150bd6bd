import { expect, test } from 'vitest'
import { random } from './random.ts'

const questions = [
  { prompt: 'What?', answer: 'This.' },
  { prompt: 'Who?', answer: 'They.' },
]

test('scores follow from the seed and the question, and differ for another seed or question', async () => {
  const [first, second] = await random(50, 1).scores(questions)
  expect((await random(50, 1).scores(questions.toReversed()))[1]).toEqual(first)
  expect(second).not.toEqual(first)
  expect((await random(50, 2).scores(questions))[0]).not.toEqual(first)
  expect(new Set(first).size).toBe(50)
})

test('scores are uniform in 0 to 1', async () => {
  const [scores] = await random(4000, 7).scores(questions)
  const mean = scores!.reduce((sum, value) => sum + value, 0) / 4000
  // Four standard errors: 4 x sqrt(1/12) / sqrt(4000).
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.019)
  expect(Math.min(...scores!)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...scores!)).toBeLessThan(1)
})
