import type { SuffixArray } from './suffix-array.ts'
import { type Passages, passagesOf } from './suffix-array-passages.ts'

export interface SpanQuery {
  /** The answer's text. */
  text: string
  /** Its tokens, without the end of the turn. */
  tokens: readonly number[]
  /** Where each token's text begins in `text`, length tokens + 1. */
  offsets: ArrayLike<number>
  /** log p_adapter - log p_base of each token, nats. */
  lift: ArrayLike<number>
}

/** A passage of the answer that stands word for word in a document of the datanet. */
export interface Span {
  /** Characters [start, end) of the answer. */
  start: number
  end: number
  text: string
  /** The earliest document that has it. */
  document: number
  /** Nats that the adapter gives the passage over the base: what the base already knew counts nothing. */
  lift: number
}

/** Shorter passages are phrases of the language rather than of a document. */
const leastTokens = 6
/** A passage counts when fewer than this many copies are expected by chance: N tokens times its unigram probability. */
const chanceCopies = 1e-3

/**
 * Longest passages of an answer that occur in the datanet, none inside another, cut at the ends of sentences; each starts
 * and ends with a word.
 * @param logProbs unigram log-probability of each token type, nats
 */
export const findSpans = (
  index: SuffixArray | Passages,
  logProbs: Float64Array,
  query: SpanQuery,
): Span[] => {
  const { text, tokens, offsets, lift } = query
  const passages = 'longest' in index ? index : passagesOf([{ array: index, first: 0 }])
  const copies = Math.log(passages.size)
  const limits = sentenceLimits(text, offsets, tokens.length)
  const spans: Span[] = []
  let covered = 0
  for (let first = 0; first < tokens.length; first++) {
    if (!beginsWord(text, offsets[first]!)) continue
    let last = first + passages.longest(tokens, first, limits[first]!)
    while (last > first && insideWord(text, offsets[last]!)) last--
    if (last <= covered) continue
    covered = last
    if (last - first < leastTokens) continue
    let chance = copies
    let nats = 0
    for (let i = first; i < last; i++) {
      chance += logProbs[tokens[i]!]!
      nats += Math.max(0, lift[i]!)
    }
    if (chance >= Math.log(chanceCopies)) continue
    const document = passages.first(tokens, first, last)
    if (document === null) continue
    const passage = text.slice(offsets[first], offsets[last])
    const start = offsets[first]! + passage.length - passage.trimStart().length
    const end = start + passage.trim().length
    spans.push({
      start,
      end,
      text: text.slice(start, end),
      document,
      lift: nats,
    })
  }
  return spans
}

const alphanumeric = /[\p{L}\p{N}]/u
const inWord = (character: string | undefined) => character !== undefined && alphanumeric.test(character)

/** Whether a cut at this character would fall inside a word. */
const insideWord = (text: string, at: number) => inWord(text[at - 1]) && inWord(text[at])

const beginsWord = (text: string, at: number): boolean => {
  if (insideWord(text, at)) return false
  const rest = text.slice(at, at + 8).trimStart()
  return inWord(rest[0])
}

/** For each token the first token after its sentence. */
const sentenceLimits = (text: string, offsets: ArrayLike<number>, count: number): Uint32Array => {
  const ends = [...text.matchAll(/[.!?]+["')\]]*(?=\s|$)|\n+/g)].map(found => found.index + found[0].length)
  const limits = new Uint32Array(count).fill(count)
  let first = 0
  for (const end of ends) {
    let limit = first
    while (limit < count && offsets[limit]! < end) limit++
    limits.fill(limit, first, limit)
    first = limit
  }
  return limits
}
