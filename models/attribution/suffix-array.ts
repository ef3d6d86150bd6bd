/** Tokens of all documents, each followed by `separator`; 6 to 8 bytes a token with the suffixes. */
export interface TokenIndex {
  tokens: Uint16Array | Uint32Array
  /** Positions of `tokens` in the order of the suffixes that start there. */
  suffixes: Uint32Array
  /** Where each document starts in `tokens`. */
  starts: Uint32Array
  /** One more than the highest token; no query holds it, so no match crosses the end of a document. */
  separator: number
}

export interface Match {
  /** Tokens matched from the query's start. */
  length: number
  /** The suffixes [low, high) begin with the match; empty where length is 0. */
  low: number
  high: number
}

/** Builds the index of documents whose tokens are below `vocabulary`; O(N log L), L the longest repeat. */
export const buildTokenIndex = (
  documents: readonly (readonly number[])[],
  vocabulary: number,
): TokenIndex => {
  const size = documents.reduce((sum, document) => sum + document.length + 1, 0)
  const tokens = vocabulary < 2 ** 16 ? new Uint16Array(size) : new Uint32Array(size)
  const starts = new Uint32Array(documents.length)
  let at = 0
  for (const [i, document] of documents.entries()) {
    starts[i] = at
    tokens.set(document, at)
    at += document.length
    tokens[at++] = vocabulary
  }
  return { tokens, suffixes: sortSuffixes(tokens, vocabulary), starts, separator: vocabulary }
}

/** The longest prefix of query[start, end) that occurs in a document, and where: one narrowing search, O(length log N). */
export const longestMatch = (
  { tokens, suffixes }: TokenIndex,
  query: ArrayLike<number>,
  start: number,
  end: number,
): Match => {
  let low = 0
  let high = suffixes.length
  let length = 0
  while (start + length < end) {
    const token = query[start + length]!
    const from = lowerBound(tokens, suffixes, low, high, length, token)
    const to = lowerBound(tokens, suffixes, from, high, length, token + 1)
    if (from === to) break
    low = from
    high = to
    length++
  }
  return length === 0 ? { length, low: 0, high: 0 } : { length, low, high }
}

/** The earliest document among those of a match: the first seen is the canonical one. */
export const firstDocument = ({ suffixes, starts }: TokenIndex, { low, high }: Match): number => {
  let position = suffixes[low]!
  for (let i = low + 1; i < high; i++) if (suffixes[i]! < position) position = suffixes[i]!
  let from = 0
  let to = starts.length
  while (to - from > 1) {
    const middle = (from + to) >>> 1
    if (starts[middle]! <= position) from = middle
    else to = middle
  }
  return from
}

/** First suffix of [low, high) whose token at `offset` is not below `token`. A shorter suffix ends in a separator first. */
const lowerBound = (
  tokens: TokenIndex['tokens'],
  suffixes: Uint32Array,
  low: number,
  high: number,
  offset: number,
  token: number,
): number => {
  let from = low
  let to = high
  while (from < to) {
    const middle = (from + to) >>> 1
    if (tokens[suffixes[middle]! + offset]! < token) from = middle + 1
    else to = middle
  }
  return from
}

/**
 * Prefix doubling with counting sorts (Manber and Myers 1990). Every separator has a rank of its own, so equal prefixes
 * end with their document and log2(longest repeat) rounds are enough.
 */
const sortSuffixes = (tokens: TokenIndex['tokens'], separator: number): Uint32Array => {
  const n = tokens.length
  let rank = new Uint32Array(n)
  let ends = 0
  for (let i = 0; i < n; i++) rank[i] = tokens[i] === separator ? separator + ends++ : tokens[i]!
  let sorted = countingSort(
    Uint32Array.from({ length: n }, (_, i) => i),
    rank,
    separator + ends,
  )
  let next = new Uint32Array(n)
  const shifted = new Uint32Array(n)
  for (let width = 0; ; width = width === 0 ? 1 : width * 2) {
    if (width > 0) {
      // By the second half first: suffixes too short to have one, then the others in the order found so far.
      let at = 0
      for (let i = n - width; i < n; i++) shifted[at++] = i
      for (let i = 0; i < n; i++) if (sorted[i]! >= width) shifted[at++] = sorted[i]! - width
      sorted = countingSort(shifted, rank, n)
    }
    let classes = 0
    for (let i = 0; i < n; i++) {
      if (i > 0) {
        const a = sorted[i - 1]!
        const b = sorted[i]!
        const same = rank[a] === rank[b] && (width === 0 || (rank[a + width] ?? n) === (rank[b + width] ?? n))
        if (!same) classes++
      }
      next[sorted[i]!] = classes
    }
    ;[rank, next] = [next, rank]
    if (n === 0 || classes === n - 1 || width >= n / 2) return sorted
  }
}

/** Stable sort of positions by their keys, which are below `range`. */
const countingSort = (positions: Uint32Array, keys: Uint32Array, range: number) => {
  const slots = new Uint32Array(range + 1)
  for (const position of positions) slots[keys[position]! + 1] = slots[keys[position]! + 1]! + 1
  for (let i = 1; i <= range; i++) slots[i] = slots[i]! + slots[i - 1]!
  const out = new Uint32Array(positions.length)
  for (const position of positions) {
    const key = keys[position]!
    out[slots[key]!] = position
    slots[key] = slots[key]! + 1
  }
  return out
}
