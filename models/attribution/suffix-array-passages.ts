import { around, documentAt, documentLength, longestPrefix, type SuffixArray } from './suffix-array.ts'
import { earliestPosition } from './suffix-array-minima.ts'

/** Where passages of an answer are looked up; the tokens of a query are below the datanet's vocabulary. */
export interface Passages {
  /** Tokens, documents' ends included, of all documents that were not withdrawn. */
  readonly size: number
  /** Length of the longest prefix of query[start, end) that occurs in a document. */
  longest(query: ArrayLike<number>, start: number, end: number): number
  /** The earliest document that holds query[start, end), or null. */
  first(query: ArrayLike<number>, start: number, end: number): number | null
}

/** A suffix array over some documents in a row. */
export interface Part {
  array: SuffixArray
  /** Number of its first document. */
  first: number
}

/**
 * Looks passages up in several suffix arrays as if they were one over all their documents, without the withdrawn ones: these
 * have no tokens, and the next earliest holder of a passage is named. Parts are in the order of their documents.
 */
export const passagesOf = (parts: readonly Part[], withdrawn: ReadonlySet<number> = new Set()): Passages => {
  const touched = new Set<Part>()
  let seen = 0
  let lost = 0
  /** Takes note of documents withdrawn since the last call; a set keeps the order in which they came. */
  const follow = (): void => {
    if (withdrawn.size === seen) return
    for (const document of [...withdrawn].slice(seen)) {
      const part = parts.findLast(({ first }) => first <= document)
      if (part === undefined || document - part.first >= part.array.starts.length) continue
      touched.add(part)
      lost += documentLength(part.array, document - part.first)
    }
    seen = withdrawn.size
  }
  const isLive =
    ({ array, first }: Part) =>
    (position: number): boolean =>
      !withdrawn.has(first + documentAt(array, position))

  return {
    get size() {
      follow()
      return parts.reduce((sum, { array }) => sum + array.tokens.length, -lost)
    },
    longest(query, start, end) {
      follow()
      let length = 0
      for (const part of parts) {
        const longest = touched.has(part)
          ? longestLive(part.array, isLive(part), query, start, end)
          : longestPrefix(part.array, query, start, end).length
        length = Math.max(length, longest)
      }
      return length
    },
    first(query, start, end) {
      follow()
      for (const part of parts) {
        const { array } = part
        const { length, at } = longestPrefix(array, query, start, end)
        if (length === 0 || length < end - start) continue
        const { low, high } = around(array, query, start, length, at)
        const position = touched.has(part)
          ? earliestPosition(array, low, high, isLive(part))
          : earliestPosition(array, low, high)
        if (position !== null) return part.first + documentAt(array, position)
      }
      return null
    },
  }
}

/**
 * The longest prefix that a live document holds: the prefix is shortened, each time to what the nearest suffix outside the
 * match has in common with the query, until a live suffix begins with it.
 */
const longestLive = (
  array: SuffixArray,
  live: (position: number) => boolean,
  query: ArrayLike<number>,
  start: number,
  end: number,
): number => {
  const { tokens, suffixes } = array
  let { length, at } = longestPrefix(array, query, start, end)
  if (length === 0 || live(suffixes.at(at)!)) return length
  const common = (i: number): number => {
    const position = suffixes.at(i)
    if (position === undefined) return 0
    let shared = 0
    while (shared < length && tokens.at(position + shared) === query[start + shared]) shared++
    return shared
  }
  const anyLive = (from: number, to: number): boolean => {
    for (let i = from; i < to; i++) if (live(suffixes.at(i)!)) return true
    return false
  }
  let known = { low: at, high: at }
  while (length > 0) {
    const { low, high } = around(array, query, start, length, at)
    if (anyLive(low, known.low) || anyLive(known.high, high)) return length
    known = { low, high }
    length = Math.max(low === 0 ? 0 : common(low - 1), common(high))
  }
  return 0
}
