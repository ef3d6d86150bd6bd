import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTokenIndex, firstDocument, longestMatch } from './suffix-array.ts'

const vocabulary = 4
const text = fc.array(fc.nat(vocabulary - 1), { maxLength: 12 })
const datanet = fc.array(text, { maxLength: 8 })

/** The answer by trying every position of every document. */
const byHand = (documents: number[][], query: number[], start: number) => {
  let length = 0
  let where: number[] = []
  for (const [d, document] of documents.entries()) {
    for (let from = 0; from < document.length; from++) {
      let run = 0
      while (
        start + run < query.length &&
        from + run < document.length &&
        document[from + run] === query[start + run]
      )
        run++
      if (run > length) {
        length = run
        where = []
      }
      if (run === length && run > 0) where.push(d)
    }
  }
  return { length, where }
}

describe('a token index', () => {
  it('holds every suffix once, in order', () => {
    fc.assert(
      fc.property(datanet, documents => {
        const { tokens, suffixes } = buildTokenIndex(documents, vocabulary)
        expect([...suffixes].sort((a, b) => a - b)).toEqual(Array.from(tokens, (_, i) => i))
        const until = (at: number) => [...tokens.subarray(at, tokens.indexOf(vocabulary, at) + 1)]
        for (let i = 1; i < suffixes.length; i++) {
          const [a, b] = [until(suffixes[i - 1]!), until(suffixes[i]!)]
          const differ = a.findIndex((token, at) => token !== b[at])
          if (differ >= 0) expect(a[differ]).toBeLessThan(b[differ]!)
        }
      }),
    )
  })

  it('finds the longest match, all its places and the first document', () => {
    fc.assert(
      fc.property(datanet, text, fc.nat(11), (documents, query, start) => {
        const index = buildTokenIndex(documents, vocabulary)
        const match = longestMatch(index, query, start, query.length)
        const { length, where } = byHand(documents, query, start)
        expect(match.length).toBe(length)
        expect(match.high - match.low).toBe(where.length)
        if (length > 0) expect(firstDocument(index, match)).toBe(Math.min(...where))
      }),
      { numRuns: 500 },
    )
  })

  it('matches nothing across the end of a document', () => {
    const index = buildTokenIndex(
      [
        [0, 1],
        [2, 3],
      ],
      vocabulary,
    )
    expect(longestMatch(index, [0, 1, 2, 3], 0, 4).length).toBe(2)
  })

  it('takes four bytes a token only where the vocabulary needs them', () => {
    expect(buildTokenIndex([[1]], 65_535).tokens).toBeInstanceOf(Uint16Array)
    expect(buildTokenIndex([[70_000]], 100_000).tokens).toBeInstanceOf(Uint32Array)
  })
})
