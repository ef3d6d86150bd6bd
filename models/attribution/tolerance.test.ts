import { describe, expect, it } from 'vitest'
import type { ModelConfig } from '../architectures/config.ts'
import { answerGain } from './gain.ts'
import { gradientError, natsTolerance, type Tolerance } from './tolerance.ts'
import { flipBound } from './tolerance-flips.ts'
import { gainTolerance, shareTolerance } from './tolerance-shares.ts'

const config = {
  family: 'llama',
  vocabulary: 8192,
  dim: 256,
  hidden: 704,
  layers: 8,
  heads: 4,
  headDim: 64,
} as ModelConfig

/** Some rows gain an answer, some lose it. */
const influence = Array.from({ length: 24 }, (_, i) => Math.sin(1 + i) ** 3 + 0.3)

describe('the tolerance of a share', () => {
  it('has the slopes that the division has', async () => {
    const pay = influence.map((_, i) => ({
      account: i % 3 === 0 ? 'anna' : 'bela',
      cluster: i >> 1,
      canonical: i % 5 !== 1,
    }))
    const gain = 0.4
    const shareOf = (tau: ArrayLike<number>) => {
      const clusters = new Map<number, { all: number; canonical: number }>()
      for (const [i, row] of pay.entries()) {
        const sum = clusters.get(row.cluster) ?? { all: 0, canonical: 0 }
        sum.all += tau[i]!
        if (row.canonical) sum.canonical += Math.max(0, tau[i]!)
        clusters.set(row.cluster, sum)
      }
      const positive = [...clusters.values()].reduce((sum, { all }) => sum + Math.max(0, all), 0)
      return pay.reduce((share, row, i) => {
        const { all, canonical } = clusters.get(row.cluster)!
        if (row.account !== 'anna' || !row.canonical || !(tau[i]! > 0) || !(all > 0)) return share
        return share + (gain * all * tau[i]!) / (canonical * positive)
      }, 0)
    }
    const seen: number[][] = []
    const bounds = influence.map(() => ({ worst: 0, likely: 0 }))
    const probe: Tolerance = {
      rows: () => bounds,
      figure: (_, slopes) => {
        seen.push(Array.from(slopes))
        return { worst: 0, likely: 0 }
      },
    }
    const divided = { rows: pay, influence, gain, gainWithin: 0, dataUnits: 1e9 }
    shareTolerance(divided, { influence }, probe, bounds)('anna')
    for (let i = 0; i < influence.length; i++) {
      const step = 1e-6
      const up = influence.with(i, influence[i]! + step)
      const down = influence.with(i, influence[i]! - step)
      expect(seen[0]![i]).toBeCloseTo((shareOf(up) - shareOf(down)) / (2 * step), 5)
    }
  })
})

describe('the bound of flips', () => {
  it('is what a normal law has where many terms make it up, and some of the largest where they are rare', () => {
    expect(flipBound(100, 0.001)).toBeCloseTo(60, 1)
    expect(flipBound(1e-4, 1)).toBeGreaterThan(1)
    expect(flipBound(1e-4, 1)).toBeLessThan(4)
    expect(flipBound(0, 1)).toBe(0)
  })

  it('is passed by no sum of rare terms more often than it says', () => {
    // Chernoff's bound of a Poisson count k of mean m passing m + t, at t = the bound: exp(-18), whatever the mean.
    for (const mean of [1e-6, 1e-3, 0.1, 3, 200]) {
      const passed = flipBound(mean, 1)
      const x = passed / mean
      expect(mean * ((1 + x) * Math.log1p(x) - x)).toBeGreaterThan(17.999)
    }
  })
})

describe('the error of a gradient', () => {
  it('grows with the root of what is summed, a projection included', () => {
    const whole = gradientError(config, 100)
    expect(gradientError(config, 400)).toBeGreaterThan(whole)
    const { layers, dim, hidden, heads, headDim } = config
    const path = layers * (4 * dim + headDim + 200 + heads * headDim + hidden) + 2 * dim
    expect(gradientError(config, 100, 9 * path)).toBeCloseTo(2 * whole, 12)
  })
})

describe('the tolerance of losses', () => {
  it('grows with the tokens and the nats, and stays a small part of them', () => {
    const one = natsTolerance(config, 100, 20, 30)
    expect(natsTolerance(config, 100, 40, 60)).toBeCloseTo(2 * one, 12)
    expect(one).toBeLessThan(30 / 500)
    expect(one).toBeGreaterThan(1e-4)
  })

  it('of a gain covers every corner of its losses', () => {
    const nats = { unigram: 80, base: 60, adapter: 20 }
    const within = { unigram: 1e-3, base: 2e-3, adapter: 3e-3 }
    const allowed = gainTolerance(nats, within)
    let most = 0
    for (const u of [-1, 1])
      for (const b of [-1, 1])
        for (const a of [-1, 1]) {
          const moved = {
            unigram: nats.unigram + u * within.unigram,
            base: nats.base + b * within.base,
            adapter: nats.adapter + a * within.adapter,
          }
          most = Math.max(most, Math.abs(answerGain(moved, 1) - answerGain(nats, 1)))
        }
    expect(most).toBeLessThan(allowed * 1.001)
    expect(most).toBeGreaterThan(allowed * 0.9)
  })
})
