import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTokenIndex } from './suffix-array.ts'
import { passagesOf } from './suffix-array-passages.ts'

const vocabulary = 3
const document = fc.array(fc.nat(vocabulary - 1), { maxLength: 10 })
const documents = fc.array(document, { maxLength: 8 })

const holds = (held: readonly number[], wanted: readonly number[]): boolean =>
  held.some((_, at) => wanted.every((token, i) => held[at + i] === token))

/** The longest prefix that a live document holds, and the first that does, by trying them all. */
const byHand = (live: readonly (readonly number[])[], query: readonly number[]) => {
  for (let length = query.length; length > 0; length--) {
    const first = live.findIndex(held => holds(held, query.slice(0, length)))
    if (first >= 0) return { length, first }
  }
  return { length: 0, first: -1 }
}

const partsOf = (groups: readonly (readonly number[][])[]) => {
  let first = 0
  return groups.map(group => {
    const part = { array: buildTokenIndex(group, vocabulary), first }
    first += group.length
    return part
  })
}

describe('passages over several arrays', () => {
  it('are those of one array over the documents that were not withdrawn', () => {
    fc.assert(
      fc.property(
        fc.array(documents, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(20)),
        document,
        fc.nat(4),
        (groups, gone, query, start) => {
          const withdrawn = new Set(gone)
          const live = groups.flat().map((held, i) => (withdrawn.has(i) ? [] : held))
          const passages = passagesOf(partsOf(groups), withdrawn)
          const rest = query.slice(start)
          const { length, first } = byHand(live, rest)
          expect(passages.longest(query, start, query.length)).toBe(length)
          if (length > 0) expect(passages.first(query, start, start + length)).toBe(first)
          if (length < rest.length) expect(passages.first(query, start, start + length + 1)).toBe(null)
          expect(passages.size).toBe(live.reduce((sum, held) => sum + held.length + 1, 0))
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('name the next earliest holder as soon as one is withdrawn', () => {
    const withdrawn = new Set<number>()
    const passages = passagesOf(
      partsOf([
        [
          [0, 1, 2],
          [1, 2],
        ],
        [[0, 1, 2]],
      ]),
      withdrawn,
    )
    const query = [0, 1, 2]
    expect(passages.first(query, 0, 3)).toBe(0)
    withdrawn.add(0)
    expect(passages.first(query, 0, 3)).toBe(2)
    expect(passages.first(query, 1, 3)).toBe(1)
    withdrawn.add(2)
    expect(passages.first(query, 0, 3)).toBe(null)
    expect(passages.longest(query, 0, 3)).toBe(0)
  })
})
