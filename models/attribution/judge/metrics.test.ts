import { describe, expect, it } from 'vitest'
import { bootstrapMean, datamodellingScores, ranks, spearman } from './metrics.ts'

describe('metrics of the judge', () => {
  it('shares ranks between equal values', () => {
    expect([...ranks([10, 20, 20, 5])]).toEqual([2, 3.5, 3.5, 1])
  })

  it('knows order, its reverse, and nothing', () => {
    expect(spearman([1, 2, 3, 4], [1, 4, 9, 100])).toBeCloseTo(1)
    expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1)
    expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0)
    // Hand-made: d = (0, 1, -1, 0), 1 - 6 x 2 / (4 x 15).
    expect(spearman([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8)
  })

  it('scores an additive truth with 1, and its negative with -1', () => {
    const subsets = [
      [1, 0, 0],
      [0, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
      [1, 0, 1],
    ].map(s => Uint8Array.from(s))
    const effects = Float64Array.of(3, 1, -2)
    const nats = subsets.map(s =>
      Float64Array.of(10 - s.reduce((sum, kept, c) => sum + kept * effects[c]!, 0)),
    )
    expect([...datamodellingScores([effects], subsets, nats)]).toEqual([1])
    expect(datamodellingScores([effects.map(v => -v)], subsets, nats)[0]).toBeCloseTo(-1)
  })

  it('gives an interval that holds the mean and narrows with more values', () => {
    const few = bootstrapMean([1, 2, 3, 4])
    const many = bootstrapMean(Array.from({ length: 400 }, (_, i) => (i % 4) + 1))
    expect(few.value).toBe(2.5)
    expect(few.low).toBeLessThan(2.5)
    expect(few.high).toBeGreaterThan(2.5)
    expect(many.high - many.low).toBeLessThan((few.high - few.low) / 5)
  })
})
