import { describe, expect, it } from 'vitest'
import type { ModelConfig } from '../architectures/config.ts'
import { answerGain } from './gain.ts'
import { cholesky, damping, solve } from './kernel.ts'
import { type Asked, influenceTolerance, natsTolerance, type Tolerance } from './tolerance.ts'
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

/** Numbers between -1 and 1, the same in every run. */
const numbers = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

const n = 24
const p = 400
const random = numbers(7)
// Rows of a common part and one of their own, as gradients of one datanet are.
const common = Float64Array.from({ length: p }, random)
const rows = Array.from({ length: n }, () => common.map(value => 0.6 * value + random() ** 3))
const asked = rows[3]!.map((value, i) => value + 0.5 * rows[9]![i]! + 0.3 * random())

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

const influence = async (gradients: readonly Float64Array[], query: Float64Array) => {
  const kernel = Float64Array.from({ length: n * n }, (_, at) =>
    dot(gradients[Math.floor(at / n)]!, gradients[at % n]!),
  )
  const ridge = n * damping(kernel, n, p)
  for (let i = 0; i < n; i++) kernel[i * n + i] = kernel[i * n + i]! + ridge
  const factor = await cholesky(kernel, n)
  const products = Float64Array.from(gradients, row => dot(row, query))
  return { factor, ridge, tau: solve(factor, n, products) }
}

const known = await influence(rows, asked)
const question: Asked = { influence: known.tau, norm: Math.hypot(...asked) }
const tolerance: Tolerance = influenceTolerance(config, 100, {
  factor: known.factor,
  ridge: known.ridge,
  roots: new Float64Array(n).fill(1),
  scales: Float64Array.from(rows, row => Math.max(...row.map(Math.abs)) / 1024),
  size: p,
})

/** Rows whose every element is off by up to a step of half precision, up or down as `sign` says. */
const rounded = (sign: (row: number, at: number) => number) =>
  rows.map((row, i) => row.map((value, at) => value * (1 + 2 ** -10 * sign(i, at))))

describe('the tolerance of influence', () => {
  it('covers roundings that fall as they may, row by row and in any sum of rows', async () => {
    const bounds = tolerance.rows(question)
    for (let seed = 1; seed <= 40; seed++) {
      const next = numbers(seed)
      const { tau } = await influence(
        rounded(() => Math.sign(next())),
        asked,
      )
      const differences = tau.map((value, i) => value - known.tau[i]!)
      for (const [i, { worst, likely }] of bounds.entries()) {
        expect(Math.abs(differences[i]!)).toBeLessThan(likely)
        expect(likely).toBeLessThan(worst)
      }
      const slopes = Float64Array.from({ length: n }, next)
      expect(Math.abs(dot(differences, slopes))).toBeLessThan(tolerance.figure(question, slopes).likely)
    }
  })

  it('covers roundings that all point where they do most harm, and is not far above them', async () => {
    const bounds = tolerance.rows(question)
    const rest = asked.map(
      (value, at) => value - rows.reduce((sum, row, j) => sum + known.tau[j]! * row[at]!, 0),
    )
    for (const target of [0, 3, 9]) {
      const c = new Float64Array(n)
      c[target] = 1
      const m = solve(known.factor, n, c)
      const span = Float64Array.from({ length: p }, (_, at) =>
        rows.reduce((sum, row, j) => sum + m[j]! * row[at]!, 0),
      )
      // d tau_i = sum_j m_j (dg_j . r) - tau_j (dg_j . G^T m): each element's sign is free.
      const { tau } = await influence(
        rounded((j, at) => Math.sign(rows[j]![at]! * (m[j]! * rest[at]! - known.tau[j]! * span[at]!))),
        asked,
      )
      const part = Math.abs(tau[target]! - known.tau[target]!) / bounds[target]!.worst
      expect(part).toBeLessThan(1)
      expect(part).toBeGreaterThan(0.2)
      expect(Math.abs(tau[target]! - known.tau[target]!)).toBeGreaterThan(bounds[target]!.likely)
    }
  })

  it('is below the influence that decides a payment', () => {
    const bounds = tolerance.rows(question)
    for (const i of [3, 9]) expect(bounds[i]!.worst).toBeLessThan(0.1 * known.tau[i]!)
  })

  it('is nothing for a row without weight', () => {
    const roots = new Float64Array(2)
    roots[0] = 1
    const weighed = influenceTolerance(config, 100, {
      factor: Float64Array.of(Math.sqrt(3), 0, 0, 1),
      ridge: 1,
      roots,
      scales: Float64Array.of(1e-3, 0),
      size: 8,
    })
    const [kept, gone] = weighed.rows({ influence: [0.5, 0], norm: 1 })
    expect(kept!.worst).toBeGreaterThan(0)
    expect(gone).toEqual({ worst: 0, likely: 0 })
  })
})

describe('the tolerance of a share', () => {
  it('has the slopes that the division has', async () => {
    const pay = rows.map((_, i) => ({
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
    const probe: Tolerance = {
      rows: tolerance.rows,
      figure: (_, slopes) => {
        seen.push(Array.from(slopes))
        return { worst: 0, likely: 0 }
      },
    }
    const divided = { rows: pay, influence: known.tau, gain, gainWithin: 0, dataUnits: 1e9 }
    shareTolerance(divided, question, probe, tolerance.rows(question))('anna')
    for (let i = 0; i < n; i++) {
      const step = 1e-6
      const up = known.tau.with(i, known.tau[i]! + step)
      const down = known.tau.with(i, known.tau[i]! - step)
      expect(seen[0]![i]).toBeCloseTo((shareOf(up) - shareOf(down)) / (2 * step), 5)
    }
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
