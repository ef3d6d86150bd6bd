import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argmax, logSumExp, sampler } from './sampling.ts'

const logits = Float32Array.of(1, 3, 2, 3, -4)
const greedy = { temperature: 0, topP: 1, seed: 1 }
const draws = (options: Parameters<typeof sampler>[0], count: number) => {
  const s = sampler(options)
  return Array.from({ length: count }, () => s.next(logits, []).token)
}

describe('a sampler', () => {
  it('at temperature zero takes the likeliest token, of equal ones the first', () => {
    expect(sampler(greedy).next(logits, []).token).toBe(1)
  })

  it('gives the same tokens for the same seed and others for another', () => {
    const options = { temperature: 1, topP: 1, seed: 7 }
    expect(draws(options, 50)).toEqual(draws(options, 50))
    expect(draws(options, 50)).not.toEqual(draws({ ...options, seed: 8 }, 50))
  })

  it('draws in proportion to the probabilities', () => {
    const count = 20_000
    const seen = new Float64Array(logits.length)
    for (const token of draws({ temperature: 1, topP: 1, seed: 3 }, count)) seen[token]! += 1 / count
    const norm = logSumExp(logits)
    // Standard error of a frequency at 20,000 draws is at most 0.0035.
    for (const [i, x] of logits.entries()) expect(Math.abs(seen[i]! - Math.exp(x - norm))).toBeLessThan(0.015)
  })

  it('never leaves the nucleus', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.integer({ min: -80, max: 80 }).map(x => x / 4),
          { minLength: 2, maxLength: 40 },
        ),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.integer(),
        (values, topP, seed) => {
          const x = Float32Array.from(values)
          const { token } = sampler({ temperature: 1, topP, seed }).next(x, [])
          const norm = logSumExp(x)
          let above = 0
          for (const v of x) if (v > x[token]!) above += Math.exp(v - norm)
          expect(above).toBeLessThan(topP + 1e-9)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it("reports the model's own log-probability, whatever the temperature", () => {
    const { token, logProb } = sampler({ temperature: 3, topP: 0.5, seed: 2 }).next(logits, [])
    expect(logProb).toBeCloseTo(logits[token]! - Math.log(logits.reduce((s, x) => s + Math.exp(x), 0)), 6)
  })

  it('makes seen tokens less likely where a repetition penalty is given', () => {
    expect(sampler({ ...greedy, repetitionPenalty: 2 }).next(logits, [1, 3]).token).toBe(2)
    expect(argmax(logits)).toBe(1)
  })

  it('refuses options out of range and logits that are not numbers', () => {
    for (const bad of [
      { temperature: -1 },
      { topP: 0 },
      { topP: 1.1 },
      { repetitionPenalty: 0 },
      { seed: 0.5 },
    ])
      expect(() => sampler({ ...greedy, ...bad })).toThrow(
        expect.objectContaining({ code: 'sampling-options' }),
      )
    expect(() => sampler(greedy).next(Float32Array.of(Number.NaN, 1), [])).toThrow(
      expect.objectContaining({ code: 'logits-not-finite' }),
    )
  })
})
