import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countTokens, unigramLogProbs } from './unigram.ts'

const answers = fc.array(fc.array(fc.nat(19), { maxLength: 30 }), { maxLength: 20 })

describe('unigram probabilities', () => {
  it('add up to one over the vocabulary and the end of an answer', () => {
    fc.assert(
      fc.property(answers, texts => {
        const p = unigramLogProbs(countTokens(texts, 20)).map(Math.exp)
        expect(p).toHaveLength(21)
        expect(p.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 10)
      }),
    )
  })

  it('rank tokens by how often they occur and leave something to the unseen', () => {
    const p = unigramLogProbs(countTokens([[1, 1, 2], [1]], 4))
    expect(p[1]).toBeGreaterThan(p[2]!)
    expect(p[2]).toBeGreaterThan(p[3]!)
    expect(p[3]).toBeGreaterThan(Number.NEGATIVE_INFINITY)
    // Ends: 2 of 6 counted tokens of 3 types; (2 + 3/5) / (6 + 3).
    expect(p[4]).toBeCloseTo(Math.log(2.6 / 9), 12)
  })
})
