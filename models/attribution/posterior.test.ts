import { describe, expect, it } from 'vitest'
import { uniform } from '../sampling.ts'
import { conformalFactor, z90 } from './conformal.ts'
import { fitEnsemble, openEnsemble } from './ensemble.ts'
import { calibrate, type Observed, posterior, prepare } from './posterior.ts'
import { designedSubsets, halvedSubsets, randomSubsets, type Subset } from './subsets.ts'

const clusters = 12
const sizes = new Uint32Array(clusters).fill(4)
const subsets = designedSubsets(clusters, 24, 3)!

/** Normal numbers by Box and Muller (1958). */
const normal = (seed: number) => {
  const random = uniform(seed)
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Questions whose outcomes are sums of cluster effects and noise. */
const world = (questions: number, { noise, seed }: { noise: number; seed: number }) => {
  const draw = normal(seed)
  return Array.from({ length: questions }, () => {
    const effects = Float64Array.from({ length: clusters }, draw)
    const outcome = (subset: Subset) =>
      effects.reduce((sum, e, c) => sum + e * subset[c]!, noise * draw()) - 40
    const hint = effects.map(effect => 100 * (effect + 0.5 * draw()))
    return { effects, outcome, outcomes: Float64Array.from(subsets, outcome), hint }
  })
}
const observed = (questions: ReturnType<typeof world>, hinted = false): Observed[] =>
  questions.map(({ outcomes, hint }) => ({ outcomes, features: hinted ? [hint] : [] }))

describe('the posterior of cluster effects', () => {
  it('finds the effects of an additive world without noise', async () => {
    const questions = world(20, { noise: 0, seed: 1 })
    const prepared = prepare({ subsets, sizes })
    const calibration = await calibrate(prepared, observed(questions))
    const found = (await posterior(prepared, calibration)).effects(observed(questions)[0]!)
    for (let c = 0; c < clusters; c++) expect(found.mean[c]).toBeCloseTo(questions[0]!.effects[c]!, 2)
  })

  it('finds a level that all effects share, in designed and in halved subsets', async () => {
    for (const design of [subsets, halvedSubsets(clusters, 32, 9)]) {
      const outcomes = Float64Array.from(design, subset => subset.reduce((sum, kept) => sum + kept, 0))
      const prepared = prepare({ subsets: design, sizes })
      const all = Array.from({ length: 10 }, () => ({ outcomes, features: [] }))
      const { mean } = (await posterior(prepared, await calibrate(prepared, all))).effects(all[0]!)
      for (const effect of mean) expect(effect).toBeCloseTo(1, 1)
    }
  })

  it('gives little where outcomes are noise alone, and says how little it knows', async () => {
    const draw = normal(5)
    const noise = Array.from({ length: 40 }, () => ({
      outcomes: Float64Array.from(subsets, () => draw()),
      features: [],
    }))
    const prepared = prepare({ subsets, sizes })
    const calibration = await calibrate(prepared, noise)
    expect(calibration.rho).toBeLessThan(0.1)
    const { mean, deviation } = (await posterior(prepared, calibration)).effects(noise[0]!)
    const surelyPositive = [...mean].filter((value, c) => value > z90 * deviation[c]!).length
    expect(surelyPositive).toBeLessThanOrEqual(1)
  })

  it('trusts a good hint, ignores a useless one, and never turns one round', async () => {
    const questions = world(40, { noise: 2, seed: 2 })
    const draw = normal(9)
    const prepared = prepare({ subsets, sizes })
    const weightsOf = async (hint: (q: number) => Float64Array) =>
      (
        await calibrate(
          prepared,
          questions.map(({ outcomes }, q) => ({ outcomes, features: [hint(q)] })),
        )
      ).kappa[0]!
    expect(await weightsOf(q => questions[q]!.hint)).toBeGreaterThan(0.4)
    expect(await weightsOf(() => Float64Array.from({ length: clusters }, draw))).toBeLessThan(0.15)
    expect(await weightsOf(q => questions[q]!.hint.map(value => -value))).toBe(0)
  })

  it('covers what it has not seen: nine in ten subsets lie in the widened interval', async () => {
    const questions = world(60, { noise: 1, seed: 4 })
    const design = { subsets, sizes }
    const prepared = prepare(design)
    const calibration = await calibrate(prepared, observed(questions, true))
    const widening = await conformalFactor(design, calibration, observed(questions, true))
    const fitted = await posterior(prepared, calibration)
    const fresh = randomSubsets(clusters, 40, { keep: 0.5, seed: 8, taken: subsets })
    let inside = 0
    for (const [q, { outcome, outcomes }] of questions.entries()) {
      const mean = outcomes.reduce((sum, value) => sum + value, 0) / outcomes.length
      for (const subset of fresh) {
        const guess = fitted.predict(observed(questions, true)[q]!, subset)
        const error = Math.abs(outcome(subset) - mean - guess.mean)
        if (error <= z90 * widening * Math.sqrt(guess.variance)) inside++
      }
    }
    expect(inside / (questions.length * fresh.length)).toBeGreaterThan(0.85)
    expect(inside / (questions.length * fresh.length)).toBeLessThan(0.95)
  })
})

describe('an ensemble', () => {
  const questions = world(20, { noise: 1, seed: 6 })
  const clustering = { count: clusters, of: Uint32Array.from({ length: 48 }, (_, i) => i % clusters) }
  /** Influence of rows that adds up to the hint of their cluster. */
  const seen = questions.map(({ outcomes, hint }) => ({
    nats: outcomes.map(value => -value),
    influence: Float64Array.from(clustering.of, cluster => hint[cluster]! / 4),
  }))
  const open = async () => {
    const all = observed(questions, true)
    const adapters = subsets.map((_, m) => `adapter ${m}`)
    return openEnsemble(
      JSON.parse(JSON.stringify(await fitEnsemble({ clustering, sizes, subsets, adapters, observed: all }))),
    )
  }

  it('adds answers up: a period is the weighted sum of its answers, however they are dealt', async () => {
    const ensemble = await open()
    const weights = questions.map((_, q) => q + 1)
    const { sums, errors } = await ensemble.period(seen, weights)
    for (let c = 0; c < clusters; c++) {
      const total = seen.reduce((sum, one, q) => sum + weights[q]! * ensemble.effects(one).mean[c]!, 0)
      expect(sums[c]).toBeCloseTo(total, 6)
    }
    const doubled = await ensemble.period(
      seen,
      weights.map(weight => 2 * weight),
    )
    expect(doubled.errors[0]! / errors[0]!).toBeCloseTo(2, 6)
  })

  it('does not pretend that many answers average the error of their shared adapters away', async () => {
    const ensemble = await open()
    const once = await ensemble.period([seen[0]!], [1])
    const often = await ensemble.period(
      Array.from({ length: 100 }, () => seen[0]!),
      new Array(100).fill(0.01),
    )
    expect(often.errors[0]! / once.errors[0]!).toBeCloseTo(1, 6)
  })

  it('is refused where subsets and adapters do not fit', async () => {
    const record = {
      format: 1,
      clusters: [0, 1],
      sizes: [1, 1],
      subsets: ['10'],
      adapters: [],
      widening: 1,
    } as const
    const calibration = { rho: 1, kappa: [], noise: 1, likelihood: 0 }
    await expect(openEnsemble({ ...record, calibration })).rejects.toMatchObject({ code: 'ensemble-invalid' })
  })
})
