import { describe, expect, it } from 'vitest'
import { designedSubsets, randomSubsets, subsetKey } from './subsets.ts'

describe('designed subsets', () => {
  it.each([3, 8, 24, 30, 60])(
    'of %i clusters are balanced, independent, and come with their complements',
    clusters => {
      const subsets = designedSubsets(clusters, 200, 11)!
      const sign = (kept: number) => 2 * kept - 1
      for (let a = 0; a < clusters; a++) {
        expect(subsets.reduce((sum, subset) => sum + sign(subset[a]!), 0)).toBe(0)
        for (let b = 0; b < a; b++)
          expect(subsets.reduce((sum, subset) => sum + sign(subset[a]!) * sign(subset[b]!), 0)).toBe(0)
      }
      for (let m = 0; m < subsets.length; m += 2)
        expect([...subsets[m + 1]!]).toEqual([...subsets[m]!].map(kept => 1 - kept))
    },
  )

  it('without room for complements are still balanced and independent', () => {
    const subsets = designedSubsets(30, 32, 5)!
    expect(subsets).toHaveLength(32)
    const sign = (kept: number) => 2 * kept - 1
    for (let a = 0; a < 30; a++) {
      expect(subsets.reduce((sum, subset) => sum + sign(subset[a]!), 0)).toBe(0)
      for (let b = 0; b < a; b++)
        expect(subsets.reduce((sum, subset) => sum + sign(subset[a]!) * sign(subset[b]!), 0)).toBe(0)
    }
  })

  it('differ by seed and are none where there is no room for them', () => {
    const keys = (seed: number) => designedSubsets(24, 48, seed)!.map(subsetKey).join()
    expect(keys(1)).not.toBe(keys(2))
    expect(keys(1)).toBe(keys(1))
    expect(designedSubsets(24, 31, 1)).toBeNull()
  })
})

describe('random subsets', () => {
  it('keep exactly their share, are all different, and avoid those that are taken', () => {
    const taken = randomSubsets(8, 30, { keep: 0.5, seed: 1 })
    const more = randomSubsets(8, 30, { keep: 0.5, seed: 1, taken })
    expect(new Set([...taken, ...more].map(subsetKey)).size).toBe(60)
    for (const subset of more) expect(subset.reduce((sum, kept) => sum + kept, 0)).toBe(4)
  })

  it('are refused where there are not so many', () => {
    expect(() => randomSubsets(4, 7, { keep: 0.5, seed: 1 })).toThrow(
      expect.objectContaining({ code: 'subsets-exhausted' }),
    )
  })
})
