import { describe, expect, it } from 'vitest'
import { type EnsembleRecord, openEnsemble } from './ensemble.ts'
import { payTable } from './pay.ts'
import { designedSubsets } from './subsets.ts'
import type { Tolerance } from './tolerance.ts'
import { effectSlopes, ensembleShareTolerance } from './tolerance-ensemble.ts'

/** Numbers between -1 and 1, the same in every run. */
const numbers = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

const clusters = 6
const rows = Array.from({ length: 18 }, (_, i) => ({
  account: i % 4 === 0 ? 'anna' : 'bela',
  cluster: i,
  canonical: i % 5 !== 1,
}))
const subsets = designedSubsets(clusters, 16, 1)!
const record: EnsembleRecord = {
  format: 1,
  clusters: rows.map((_, i) => i % clusters),
  sizes: Array.from({ length: clusters }, () => 3),
  subsets: subsets.map(subset => subset.join('')),
  adapters: subsets.map((_, m) => String(m)),
  calibration: { rho: 0.5, kappa: [0.6], noise: 0.3, likelihood: 0 },
  widening: 1.3,
}
const random = numbers(3)
const truth = [2, 1.2, 0.7, 1.5, -0.8, 0.9]
const outcomes = Float64Array.from(
  subsets,
  subset => 30 - subset.reduce((sum, kept, c) => sum + kept * truth[c]!, 0) + 0.2 * random(),
)
const influence = Float64Array.from(rows, (_, i) => truth[i % clusters]! / 3 + 0.1 * random())
const nats = { unigram: 60, base: 34, adapter: 26 }
const ensemble = await openEnsemble(record)

const shareOf = async (account: string, at = { outcomes, influence }) => {
  const { perAnswer } = await payTable({
    answers: [
      { id: 'a', revenueUnits: 10n ** 15n, tokens: 20, nats, askerAccount: 'cleo', disputed: false, ...at },
    ],
    rows,
    dataShare: 10_000,
    maxGain: 0.9,
    ensemble,
  })
  return perAnswer[0]!.shares.find(share => share.account === account)!
}

/** Bounds of anna's share, with the slopes by influence that were asked for; influence itself is exact. */
const boundsOf = (outcomesWithin: number) => {
  const seen: number[][] = []
  const probe: Tolerance = {
    rows: () => rows.map(() => ({ worst: 0, likely: 0 })),
    figure: (_, slopes) => {
      seen.push(Array.from(slopes))
      return { worst: 0, likely: 0 }
    },
  }
  const bound = ensembleShareTolerance(
    ensemble,
    {
      rows,
      influence,
      outcomes,
      outcomesWithin: new Float64Array(outcomes.length).fill(outcomesWithin),
      gain: (nats.base - nats.adapter) / (nats.unigram - nats.adapter),
      gainWithin: 0,
      gamma: nats.base - nats.adapter,
      gammaWithin: 0,
      dataUnits: 1e15,
    },
    { influence },
    probe,
    probe.rows({ influence }),
  )('anna')
  // Figures of all accounts come first; then the share, then the spread of this one.
  return { bound, bySlopes: seen.slice(-2) }
}

describe('the tolerance of a share with an interval', () => {
  it('has the slopes by influence that the share and its interval have', async () => {
    const { bySlopes } = boundsOf(0)
    for (let i = 0; i < rows.length; i++) {
      const step = 1e-5
      const up = await shareOf('anna', { outcomes, influence: influence.with(i, influence[i]! + step) })
      const down = await shareOf('anna', { outcomes, influence: influence.with(i, influence[i]! - step) })
      const spread = ({ low, high }: typeof up) => (high! - low!) / 2 / 1.6449
      expect(bySlopes[0]![i]).toBeCloseTo((up.share - down.share) / (2 * step), 5)
      expect(bySlopes[1]![i]).toBeCloseTo((spread(up) - spread(down)) / (2 * step), 5)
    }
  })

  it('covers outcomes that are off as they may, and is not far above them', async () => {
    const within = 0.02
    // A tolerance of a loss is 6 deviations of its rounding.
    const rounding = (within / 6) * Math.sqrt(3)
    const { bound } = boundsOf(within)
    const honest = await shareOf('anna')
    expect(honest.low).toBeGreaterThan(0)
    let most = 0
    for (let seed = 1; seed <= 60; seed++) {
      const next = numbers(seed)
      const other = await shareOf('anna', { outcomes: outcomes.map(v => v + rounding * next()), influence })
      most = Math.max(most, Math.abs(other.share - honest.share))
      expect(Math.abs(other.share - honest.share)).toBeLessThan(bound.share)
      expect(Math.abs(other.low! - honest.low!)).toBeLessThan(bound.ends)
      expect(Math.abs(other.high! - honest.high!)).toBeLessThan(bound.ends)
    }
    expect(most).toBeGreaterThan(bound.share / 6)
    expect(bound.share).toBeLessThan(honest.share / 10)
  })

  it('follows the posterior: all outcomes higher by as much change no effect', () => {
    const { byOutcome } = effectSlopes(ensemble, outcomes, influence)
    for (let c = 0; c < clusters; c++) {
      const all = byOutcome.reduce((sum, { mean }) => sum + mean[c]!, 0)
      expect(all).toBeCloseTo(0, 8)
      expect(Math.max(...byOutcome.map(({ mean }) => Math.abs(mean[c]!)))).toBeGreaterThan(0.01)
    }
  })
})
