import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argmax, logSumExp, sampler, uniform } from './sampling.ts'

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

  it('draws what sorting all tokens and walking down the probabilities gives', () => {
    // Every cut in its plainest form, over all tokens sorted by probability.
    const plain = (x: Float32Array, o: { topP: number; topK: number; minP: number }, u: number): number => {
      const top = Math.max(...x)
      let left = Array.from(x, (v, token) => ({ token, p: Math.exp((v - top) / 0.8) }))
        .toSorted((a, b) => b.p - a.p || a.token - b.token)
        .filter(t => t.p >= o.minP)
      if (o.topK > 0) left = left.slice(0, o.topK)
      let mass = 0
      const goal = o.topP * left.reduce((sum, t) => sum + t.p, 0)
      left = left.filter(t => {
        const stays = o.topP === 1 || mass < goal
        if (stays) mass += t.p
        return stays
      })
      let rest = u * mass
      const found = left.find(t => {
        rest -= t.p
        return rest < 0
      })
      return (found ?? left.at(-1)!).token
    }
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.record({
          topP: fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 1, noNaN: true })),
          topK: fc.nat(20),
          minP: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
        }),
        fc.integer(),
        (values, options, seed) => {
          const x = Float32Array.from(values)
          const picked = sampler({ temperature: 0.8, ...options, seed }).next(x, []).token
          expect(picked).toBe(plain(x, options, uniform(seed)()))
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('lowers a token by its count and by its presence, and adds biases', () => {
    const pick = (options: object, previous: number[]) =>
      sampler({ ...greedy, ...options }).next(logits, previous).token
    expect(pick({ frequencyPenalty: 0.4 }, [1, 1, 1, 3, 3])).toBe(3)
    expect(pick({ frequencyPenalty: 0.6 }, [1, 1, 3, 3])).toBe(2)
    expect(pick({ presencePenalty: 1.5 }, [1, 3, 3, 3])).toBe(2)
    expect(pick({ logitBias: new Map([[4, 50]]) }, [])).toBe(4)
    expect(pick({ presencePenalty: -2, repetitionPenalty: 1 }, [2])).toBe(2)
  })

  it('counts an array that grows as it counts a new one', () => {
    const options = { temperature: 1, topP: 1, frequencyPenalty: 1.5, repetitionPenalty: 1.2, seed: 5 }
    const [growing, fresh] = [sampler(options), sampler(options)]
    const seen: number[] = []
    for (let i = 0; i < 40; i++) {
      const { token } = growing.next(logits, seen)
      expect(token).toBe(fresh.next(logits, [...seen]).token)
      seen.push(token)
    }
  })

  it('stays under the mask and reports the log-probability without it', () => {
    const mask = Int32Array.of(0b10100)
    for (const temperature of [0, 1, 5])
      for (let seed = 0; seed < 50; seed++) {
        const { token, logProb } = sampler({ temperature, topP: 1, seed }).next(logits, [], mask)
        expect([2, 4]).toContain(token)
        expect(logProb).toBeCloseTo(logits[token]! - logSumExp(logits), 6)
      }
    expect(() => sampler(greedy).next(logits, [], Int32Array.of(0))).toThrow(
      expect.objectContaining({ code: 'mask-empty' }),
    )
  })

  it('names the likeliest tokens of the model itself, likeliest first', () => {
    const { top } = sampler({ ...greedy, temperature: 1, topLogProbs: 3 }).next(
      logits,
      [1],
      Int32Array.of(0b10000),
    )
    expect(top.map(t => t.token)).toEqual([1, 3, 2])
    for (const t of top) expect(t.logProb).toBeCloseTo(logits[t.token]! - logSumExp(logits), 6)
  })

  it('takes logits of minus infinity for impossible tokens', () => {
    const { token, logProb } = sampler(greedy).next(Float32Array.of(-Infinity, 2, -Infinity), [])
    expect([token, logProb]).toEqual([1, 0])
  })

  it('refuses options out of range and logits that are not numbers', () => {
    for (const bad of [
      { temperature: -1 },
      { topP: 0 },
      { topP: 1.1 },
      { topK: -1 },
      { minP: 1.5 },
      { repetitionPenalty: 0 },
      { frequencyPenalty: 3 },
      { presencePenalty: Number.NaN },
      { logitBias: new Map([[1, 101]]) },
      { topLogProbs: 21 },
      { seed: 0.5 },
    ])
      expect(() => sampler({ ...greedy, ...bad })).toThrow(
        expect.objectContaining({ code: 'sampling-options' }),
      )
    expect(() => sampler({ ...greedy, topP: 2, topK: 0.5 })).toThrow(/topP 2 .*topK 0.5/)
    expect(() => sampler(greedy).next(Float32Array.of(Number.NaN, 1), [])).toThrow(
      expect.objectContaining({ code: 'logits-not-finite' }),
    )
  })
})
