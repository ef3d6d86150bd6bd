import { describe, expect, it } from 'vitest'
import { answerGain, heldOutGain } from './gain.ts'

describe('gain', () => {
  it('is the part of the way to certainty that the adapter went', () => {
    expect(answerGain({ unigram: 300, base: 200, adapter: 100 }, 1)).toBe(0.5)
  })

  it('is nothing unless the adapter beats both the base and the unigrams', () => {
    expect(answerGain({ unigram: 300, base: 100, adapter: 100 }, 1)).toBe(0)
    expect(answerGain({ unigram: 90, base: 200, adapter: 100 }, 1)).toBe(0)
  })

  it("is at most nine tenths and at most the release's own", () => {
    expect(answerGain({ unigram: 300, base: 400, adapter: 1 }, 1)).toBe(0.9)
    expect(answerGain({ unigram: 300, base: 200, adapter: 100 }, 0.3)).toBe(0.3)
  })

  it('of a release adds its held-out answers up before dividing', () => {
    expect(heldOutGain({ unigram: [100, 200], base: [150, 50], adapter: [90, 10] })).toBe(0.5)
  })
})
