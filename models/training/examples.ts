import { fault } from '../../infra/errors.ts'
import type { TokenExample } from '../packing.ts'
import type { Tokenizer } from '../tokenizer.ts'
import type { Example, Preference } from './recipe.ts'

/** A preference pair in tokens; both answers follow the same question. */
export interface TokenPreference {
  chosen: TokenExample
  rejected: TokenExample
}

/** What is wrong with which items, by index: all of it is said in one error. */
class Problems {
  readonly #found = new Map<string, number[]>()

  add(what: string, index: number): void {
    const indices = this.#found.get(what)
    if (indices) indices.push(index)
    else this.#found.set(what, [index])
  }

  /** Throws where anything was found; `example-too-long` where that is all that is wrong, else `code`. */
  refuse(code: string, unit: string): void {
    if (this.#found.size === 0) return
    const reasons = [...this.#found].map(
      ([what, indices]) => `${indices.length} ${what} (${listed(indices)})`,
    )
    const onlyLong = this.#found.size === 1 && this.#found.has(tooLong)
    const bad = new Set([...this.#found.values()].flat())
    throw fault(onlyLong ? 'example-too-long' : code, `Among the ${unit}, ${reasons.join('; ')}.`, {
      fix: onlyLong ? 'Shorten these questions.' : `Correct or leave out these ${unit}.`,
      facts: { items: bad.size, first: Math.min(...bad) },
    })
  }
}

const tooLong = 'leave no room for their answer'
const listed = (indices: readonly number[]): string =>
  `${indices.length === 1 ? 'number' : 'numbers'} ${indices.slice(0, 10).join(', ')}${indices.length > 10 ? ' and more' : ''}, counted from 0`

const usableWeight = (weight = 1): boolean => Number.isFinite(weight) && weight >= 0

function tokenise(
  tokenizer: Tokenizer,
  { prompt, answer, weight = 1 }: Example,
  limit: number,
): TokenExample | null {
  const { ids, answerStart } = tokenizer.example(prompt, answer)
  if (answerStart >= limit || answerStart >= ids.length) return null
  return { tokens: ids.slice(0, limit), answerStart, weight }
}

/**
 * Tokens of examples, answers cut at `limit`. Errors: `example-too-long` (a question fills the limit), and for training
 * `examples-invalid`: also answers without text, weights that are negative or no number; every example by its index.
 */
export function tokeniseExamples(
  tokenizer: Tokenizer,
  examples: readonly Example[],
  limit: number,
  forTraining = false,
): TokenExample[] {
  const problems = new Problems()
  const tokens = examples.map((example, index) => {
    const own = tokenise(tokenizer, example, limit)
    if (!own) problems.add(tooLong, index)
    // A row of weight 0 only keeps its slot, such as one that was withdrawn.
    const counts = forTraining && example.weight !== 0
    if (counts && example.answer.trim() === '') problems.add('have an empty answer', index)
    if (forTraining && !usableWeight(example.weight)) problems.add('have a weight below 0 or none', index)
    return own
  })
  problems.refuse('examples-invalid', 'examples')
  return tokens.flatMap(own => own ?? [])
}

/** Tokens of preference pairs. Errors: `example-too-long`; `pairs-invalid`: an answer is empty, both are equal, or a weight cannot be used. */
export function tokenisePairs(
  tokenizer: Tokenizer,
  pairs: readonly Preference[],
  limit: number,
): TokenPreference[] {
  const problems = new Problems()
  const tokens = pairs.map(({ prompt, chosen, rejected, weight = 1 }, index) => {
    const [good, bad] = [chosen, rejected].map(answer =>
      tokenise(tokenizer, { prompt, answer, weight }, limit),
    )
    if (!good || !bad) problems.add(tooLong, index)
    const empty = chosen.trim() === '' || rejected.trim() === ''
    if (empty) problems.add('have an empty answer', index)
    else if (chosen === rejected) problems.add('have two equal answers', index)
    else if (good && bad && good.tokens.join() === bad.tokens.join())
      problems.add(`have answers that are equal in their first ${limit} tokens`, index)
    if (!usableWeight(weight)) problems.add('have a weight below 0 or none', index)
    return good && bad ? { chosen: good, rejected: bad } : null
  })
  problems.refuse('pairs-invalid', 'pairs')
  return tokens.flatMap(pair => pair ?? [])
}
