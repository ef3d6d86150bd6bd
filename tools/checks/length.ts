import { words } from '../../models/attribution/words.ts'
import type { Check } from './check.ts'
import { pass, refuse } from './check.ts'

/** Question and answer stay within the policy's characters and words: too short teaches nothing, too long is cut in training. */
export const length: Check = (row, policy) => {
  for (const [name, text, bounds] of [
    ['question', row.question, policy.questionCharacters],
    ['answer', row.answer, policy.answerCharacters],
  ] as const) {
    const characters = [...text.trim()].length
    const facts = { field: name, characters, min: bounds.min, max: bounds.max }
    if (characters < bounds.min)
      return refuse(
        'length',
        `The ${name} is too short, with ${characters} characters.`,
        `Write at least ${bounds.min} characters.`,
        facts,
      )
    if (characters > bounds.max)
      return refuse(
        'length',
        `The ${name} is too long, with ${characters} characters.`,
        `Split it into rows of at most ${bounds.max} characters.`,
        facts,
      )
  }
  const count = words(row.answer).length
  if (count < policy.answerWords.min)
    return refuse(
      'length',
      `The answer has only ${count === 1 ? 'one word' : `${count} words`}.`,
      'Answer in a whole sentence.',
      { words: count },
    )
  return pass('length', 'The row is neither too short nor too long.')
}
