import { expect, test } from 'vitest'
import { apartFrom, type Pair, paragraphPair, questionPair, spread } from './pairs.ts'

const paragraph = (word: string): string => `${`${word} `.repeat(40).trim()}.`
const pair = (left: string, right: string, ...documents: string[]): Pair => ({
  kind: 'question',
  left,
  right,
  documents,
})

test('the middle one of the neighbouring paragraphs is taken, headings and short ones passed over', () => {
  const parts = ['Honey Bees', paragraph('queen'), paragraph('drone'), 'Food', paragraph('nectar')]
  expect(paragraphPair(parts.join('\n\n'))).toEqual({
    kind: 'paragraph',
    left: paragraph('queen'),
    right: paragraph('drone'),
    documents: ['honey bees'],
  })
})

test('a document without a title, or without neighbouring paragraphs, gives no pair', () => {
  expect(paragraphPair([paragraph('one'), paragraph('two'), paragraph('three')].join('\n\n'))).toBeNull()
  expect(paragraphPair(['Bees', paragraph('one'), 'Food', paragraph('two')].join('\n\n'))).toBeNull()
})

test('a question is paired with the whole of its own answer', () => {
  const answer = `${paragraph('hive')}\nSecond line.`
  const chat = `User: How do bees winter?\nAssistant: ${answer}`
  expect(questionPair(`${chat}\nUser: And then?\nAssistant: Spring.`)).toMatchObject({
    left: 'How do bees winter?',
    right: answer,
  })
  expect(questionPair(chat)?.right).toBe(answer)
  expect(questionPair('User: How do bees winter?\nAssistant: In a cluster.')).toBeNull()
})

test('pairs that share a document or a text with those held out are dropped', () => {
  const heldOut = [pair('What is mead?', 'A drink.', 'mead')]
  const others = [
    pair('How is mead made?', 'Of honey.', 'mead'),
    pair('what  is MEAD?', 'Wine.', 'wine'),
    pair('Name one.', 'A drink.', 'drinks'),
    pair('What is wax?', 'What bees build with.', 'wax'),
  ]
  expect(apartFrom(others, heldOut)).toEqual([others[3]])
})

test('items are taken at equal distances', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7], 4)).toEqual([0, 2, 4, 6])
  expect(spread([0, 1], 4)).toEqual([0, 1])
})
