import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { earliestPosition, minimaOf } from './suffix-array-minima.ts'

/** A permutation of 0..length-1 that mixes well. */
const shuffled = (length: number, seed: number): Uint32Array => {
  const positions = Uint32Array.from({ length }, (_, i) => i)
  let state = seed + 1
  for (let i = length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const other = state % (i + 1)
    ;[positions[i], positions[other]] = [positions[other]!, positions[i]!]
  }
  return positions
}

describe('the earliest position of a range', () => {
  it('is the least one that counts, over any number of levels', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 255, 256, 257, 5000, 70_000),
        fc.nat(99),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(1, 2, 50, 1e9),
        (length, seed, a, b, every) => {
          const suffixes = shuffled(length, seed)
          const [low, high] = [Math.floor(Math.min(a, b) * length), Math.ceil(Math.max(a, b) * length)]
          const counts = (position: number) => (every === 1e9 ? false : position % every === 0)
          const range = suffixes.subarray(low, high).filter(counts)
          const least = range.reduce((least, position) => Math.min(least, position), 1e9)
          const array = { suffixes, minima: minimaOf(suffixes) }
          expect(earliestPosition(array, low, high, counts)).toBe(least === 1e9 ? null : least)
        },
      ),
    )
  })

  it('is found without reading a large range', () => {
    const suffixes = shuffled(200_000, 1)
    let reads = 0
    const counted = {
      length: suffixes.length,
      at: (i: number) => {
        reads++
        return suffixes[i]
      },
    }
    earliestPosition({ suffixes: counted, minima: minimaOf(suffixes) }, 100, 199_900)
    expect(reads).toBeLessThanOrEqual(512)
  })
})
