import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openTokenizer, type Tokenizer } from '../tokenizer.ts'
import { tokeniseExamples, tokenisePairs } from './examples.ts'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await openTokenizer(join(import.meta.dirname, '../base/tributary-8m'))
})

const good = { prompt: 'What is propolis?', answer: 'A resin.' }
const long = { prompt: 'word '.repeat(300), answer: 'yes' }

test('examples keep their order and weights, and long answers are cut at the limit', () => {
  const [first, second] = tokeniseExamples(
    tokenizer,
    [{ ...good, answer: 'x '.repeat(300), weight: 0.5 }, good],
    64,
    true,
  )
  expect(first).toMatchObject({ weight: 0.5 })
  expect(first!.tokens).toHaveLength(64)
  expect(second).toMatchObject({ weight: 1 })
  expect(tokenizer.decode(second!.tokens.slice(second!.answerStart))).toBe('A resin.')
})

test('every unusable example is named by index and reason in one error', () => {
  const examples = [
    good,
    long,
    { ...good, answer: '  ' },
    { ...good, weight: Number.NaN },
    { ...good, weight: -1 },
    { ...long, weight: Number.POSITIVE_INFINITY },
  ]
  expect(() => tokeniseExamples(tokenizer, examples, 128, true)).toThrow(
    expect.objectContaining({
      code: 'examples-invalid',
      message: expect.stringMatching(
        /2 leave no room.*numbers 1, 5.*1 have an empty.*number 2,.*3 have a weight.*3, 4, 5/,
      ),
      facts: { items: 5, first: 1 },
    }),
  )
  expect(() => tokeniseExamples(tokenizer, [good, long, long], 128, true)).toThrow(
    expect.objectContaining({ code: 'example-too-long', message: expect.stringContaining('numbers 1, 2') }),
  )
})

test('an empty answer can be scored, but not trained on', () => {
  expect(tokeniseExamples(tokenizer, [{ ...good, answer: '' }], 128)).toHaveLength(1)
})

test('pairs with an empty answer, equal answers or a wrong weight are named by index and reason', () => {
  const pair = { prompt: good.prompt, chosen: 'A resin.', rejected: 'A kind of honey.' }
  const same = 'the same words again and again '.repeat(20)
  const pairs = [
    pair,
    { ...pair, rejected: '' },
    { ...pair, chosen: pair.rejected },
    { ...pair, chosen: `${same} yes`, rejected: `${same} no` },
    { ...pair, weight: -2 },
  ]
  expect(() => tokenisePairs(tokenizer, pairs, 64)).toThrow(
    expect.objectContaining({
      code: 'pairs-invalid',
      message: expect.stringMatching(
        /empty answer \(number 1,.*two equal answers \(number 2,.*equal in their first 64 tokens \(number 3,.*weight.*number 4,/,
      ),
    }),
  )
  const [first] = tokenisePairs(tokenizer, [{ ...pair, weight: 2 }], 64)
  expect(first!.chosen.answerStart).toBe(first!.rejected.answerStart)
  expect(first!.chosen.weight).toBe(2)
})
