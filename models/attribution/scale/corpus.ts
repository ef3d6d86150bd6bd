import type { SpanQuery } from '../spans.ts'

/** Token types; type 0 ends a sentence. */
export const vocabulary = 32_000
const phrases = 20_000

/** Numbers in [0, 1) that depend on the seeds alone (mulberry32). */
const randomFrom = (...seeds: readonly number[]) => {
  let state = 0
  for (const seed of seeds) state = Math.imul(state ^ (seed + 0x9e3779b9), 0x85ebca6b)
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A rank below `count` whose probability is inverse to it: a logarithm uniformly drawn. */
const zipf = (random: () => number, count: number): number => Math.floor((count + 1) ** random()) - 1

const phrase = (number: number): number[] => {
  const random = randomFrom(1, number)
  return Array.from({ length: 4 + Math.floor(random() * 9) }, () => 1 + zipf(random, vocabulary - 1))
}

const own = (random: () => number, length: number): number[] => {
  const tokens: number[] = []
  while (tokens.length < length) {
    const kind = random()
    if (kind < 0.04) tokens.push(...phrase(zipf(random, phrases)))
    else if (kind < 0.09) tokens.push(0)
    else tokens.push(1 + zipf(random, vocabulary - 1))
  }
  return tokens
}

/** Row `number` of the generated corpus, 30 to 90 tokens; one row in fifty repeats 20 tokens of an earlier one. */
export const row = (number: number): number[] => {
  const random = randomFrom(2, number)
  const tokens = own(random, 30 + Math.floor(random() * 58))
  if (number > 0 && random() < 0.02) {
    const other = own(randomFrom(2, Math.floor(random() * number)), 30)
    tokens.splice(5, 20, ...other.slice(3, 23))
  }
  return tokens
}

export function* rows(from: number, to: number): Generator<number[]> {
  for (let number = from; number < to; number++) yield row(number)
}

/** An answer of some 120 tokens; every other one holds three passages of 12 to 30 tokens, each of one of the first `count` rows. */
export const answer = (number: number, count: number): SpanQuery => {
  const random = randomFrom(3, number)
  const tokens: number[] = []
  for (let part = 0; part < 3; part++) {
    tokens.push(...own(random, number % 2 === 0 ? 40 : 20))
    if (number % 2 === 1)
      tokens.push(...row(Math.floor(random() * count)).slice(0, 12 + Math.floor(random() * 19)))
  }
  let text = ''
  const offsets = [0]
  for (const token of tokens) {
    text += token === 0 ? '. ' : ` w${token}`
    offsets.push(text.length)
  }
  return { text, tokens, offsets, lift: tokens.map(() => 1) }
}
