import { earliestPosition, minimaOf } from './suffix-array-minima.ts'
import { sortSuffixes } from './suffix-array-sort.ts'

/** Numbers that lie in memory, as a typed array does, or in a file. */
export interface Numbers {
  readonly length: number
  at(index: number): number | undefined
}

/** Tokens of all documents, each followed by `separator`, and the order of their suffixes. */
export interface SuffixArray {
  tokens: Numbers
  /** Positions of `tokens` in the order of the suffixes that start there. */
  suffixes: Numbers
  /** Where each document starts in `tokens`. */
  starts: Uint32Array
  /** One more than the highest token; no query holds it, so no match crosses the end of a document. */
  separator: number
  /** The suffixes [heads[t], heads[t + 1]) begin with token t; length separator + 2. Without it they are searched for. */
  heads?: Uint32Array
  /** Least positions of blocks of suffixes, see `minimaOf`. Without it a match's suffixes are all read. */
  minima?: Uint32Array
}

/** A suffix array in memory; 6 to 8 bytes a token. */
export interface TokenIndex extends SuffixArray {
  tokens: Uint16Array | Uint32Array
  suffixes: Uint32Array
}

export interface Match {
  /** Tokens matched from the query's start. */
  length: number
  /** The suffixes [low, high) begin with the match; empty where length is 0. */
  low: number
  high: number
}

/** The array of `length` tokens below or equal to `separator`: two bytes each where that is enough. */
export const tokenArray = (length: number, separator: number): Uint16Array | Uint32Array =>
  separator < 2 ** 16 ? new Uint16Array(length) : new Uint32Array(length)

/** Builds the index of documents whose tokens are below `vocabulary`; O(N). */
export const buildTokenIndex = (documents: readonly ArrayLike<number>[], vocabulary: number): TokenIndex => {
  const size = documents.reduce((sum, document) => sum + document.length + 1, 0)
  const tokens = tokenArray(size, vocabulary)
  let at = 0
  for (const document of documents) {
    tokens.set(document, at)
    at += document.length
    tokens[at++] = vocabulary
  }
  return indexTokens(tokens, vocabulary)
}

/** Builds the index of tokens in which every document is followed by `separator`; O(N). */
export const indexTokens = (tokens: TokenIndex['tokens'], separator: number): TokenIndex => {
  const heads = new Uint32Array(separator + 2)
  for (const token of tokens) heads[token + 1]!++
  const starts = new Uint32Array(heads[separator + 1]!)
  for (let token = 0; token <= separator; token++) heads[token + 1]! += heads[token]!
  let documents = 0
  for (let at = 0, start = 0; at < tokens.length; at++) {
    if (tokens[at] !== separator) continue
    starts[documents++] = start
    start = at + 1
  }
  const suffixes = sortSuffixes(tokens, separator + 1)
  return { tokens, suffixes, starts, separator, heads, minima: minimaOf(suffixes) }
}

/** The longest prefix of query[start, end) that occurs in a document, and where; O(log N) random reads and O(length) others. */
export const longestMatch = (
  index: SuffixArray,
  query: ArrayLike<number>,
  start: number,
  end: number,
): Match => {
  const { length, at } = longestPrefix(index, query, start, end)
  return length === 0 ? { length, low: 0, high: 0 } : { length, ...around(index, query, start, length, at) }
}

/**
 * The length of the longest prefix of query[start, end) that occurs in a document, and one suffix that begins with it: the
 * search for the query's place in the order (Manber and Myers 1990) probes both suffixes that stand beside that place.
 */
export const longestPrefix = (
  index: SuffixArray,
  query: ArrayLike<number>,
  start: number,
  end: number,
): { length: number; at: number } => {
  const { tokens, suffixes, heads, separator } = index
  const best = { length: 0, at: 0 }
  if (start >= end || query[start]! >= separator) return best
  let low = heads?.[query[start]!] ?? 0
  let high = heads?.[query[start]! + 1] ?? suffixes.length
  let commonLow = heads === undefined ? 0 : 1
  let commonHigh = commonLow
  while (low < high) {
    const middle = (low + high) >>> 1
    const position = suffixes.at(middle)! - start
    let next = start + Math.min(commonLow, commonHigh)
    while (next < end && tokens.at(position + next) === query[next]) next++
    if (next - start > best.length) {
      best.length = next - start
      best.at = middle
    }
    if (next === end) break
    if (tokens.at(position + next)! < query[next]!) {
      low = middle + 1
      commonLow = next - start
    } else {
      high = middle
      commonHigh = next - start
    }
  }
  return best
}

/** The suffixes [low, high) that begin with query[start, start + length); `at` is one of them. */
export const around = (
  { tokens, suffixes }: SuffixArray,
  query: ArrayLike<number>,
  start: number,
  length: number,
  at: number,
): { low: number; high: number } => {
  const begins = (i: number): boolean => {
    const position = suffixes.at(i)! - start
    let next = start
    while (next < start + length && tokens.at(position + next) === query[next]) next++
    return next === start + length
  }
  /** The last suffix that begins so, in steps that double and then halve: most matches stand in few places. */
  const edge = (direction: 1 | -1): number => {
    const room = direction < 0 ? at : suffixes.length - 1 - at
    let inside = 0
    let outside = 1
    while (outside <= room && begins(at + direction * outside)) {
      inside = outside
      outside *= 2
    }
    outside = Math.min(outside, room + 1)
    while (outside - inside > 1) {
      const middle = (inside + outside) >>> 1
      if (begins(at + direction * middle)) inside = middle
      else outside = middle
    }
    return at + direction * inside
  }
  return { low: edge(-1), high: edge(1) + 1 }
}

/** The document that holds a position of `tokens`. */
export const documentAt = ({ starts }: Pick<SuffixArray, 'starts'>, position: number): number => {
  let from = 0
  let to = starts.length
  while (to - from > 1) {
    const middle = (from + to) >>> 1
    if (starts[middle]! <= position) from = middle
    else to = middle
  }
  return from
}

/** Tokens of a document, its separator not counted. */
export const documentLength = ({ starts, tokens }: SuffixArray, document: number): number =>
  (starts[document + 1] ?? tokens.length) - starts[document]! - 1

/** The earliest document among those of a match that is not empty: the first seen is the canonical one. */
export const firstDocument = (index: SuffixArray, { low, high }: Pick<Match, 'low' | 'high'>): number =>
  documentAt(index, earliestPosition(index, low, high) ?? 0)
