import { describe, expect, it } from 'vitest'
import { answerParts } from './answer-parts.ts'

const rounded = (parts: object) =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, Math.round(part * 1000) / 1000]))

describe('the parts of an answer', () => {
  it('give the base its part of the way, the people their shares and leave the rest unclear', () => {
    const parts = answerParts({ unigram: 40, base: 20, adapter: 8 }, 0.375, 0.3)
    expect(rounded(parts)).toEqual({ people: 0.3, base: 0.625, capped: 0, unclear: 0.075 })
  })

  it('give nothing to a base that is less sure than word frequencies', () => {
    const parts = answerParts({ unigram: 40, base: 50, adapter: 10 }, 0.9, 0.5)
    expect(rounded(parts)).toEqual({ people: 0.5, base: 0, capped: 0.1, unclear: 0.4 })
  })

  it('give all to the base where the tuning made the model no surer', () => {
    const parts = answerParts({ unigram: 40, base: 20, adapter: 22 }, 0, 0)
    expect(rounded(parts)).toEqual({ people: 0, base: 1, capped: 0, unclear: 0 })
  })

  it('are unclear where neither model is surer than word frequencies', () => {
    for (const adapter of [41, 40, 60])
      expect(answerParts({ unigram: 40, base: 50, adapter }, 0, 0)).toEqual({
        people: 0,
        base: 0,
        capped: 0,
        unclear: 1,
      })
  })

  it('hold back what is above the release’s gain on its held-out answers', () => {
    const parts = answerParts({ unigram: 40, base: 20, adapter: 0 }, 0.2, 0.2)
    expect(rounded(parts)).toEqual({ people: 0.2, base: 0.5, capped: 0.3, unclear: 0 })
  })

  it('add up to one whatever the figures', () => {
    const values = [0, 1, 3, 10, 40]
    for (const unigram of values)
      for (const base of values)
        for (const adapter of values)
          for (const people of [0, 0.3, 1]) {
            const parts = answerParts({ unigram, base, adapter }, 0.4, people)
            const all = [parts.people, parts.base, parts.capped, parts.unclear]
            expect(all.reduce((sum, part) => sum + part)).toBeCloseTo(1, 12)
            expect(Math.min(...all)).toBeGreaterThanOrEqual(0)
          }
  })
})
