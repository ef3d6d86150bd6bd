import { describe, expect, it } from 'vitest'
import { learningRate } from '../../training/schedule.ts'
import { learningRateMass } from './learning-rate-mass.ts'
import { normals } from './testing/matrices.ts'
import { weightedSum } from './tracin.ts'

describe('learning-rate mass', () => {
  it('sums to 1 with a checkpoint at the end, each share being that of its steps', () => {
    const shares = learningRateMass([30, 60, 90], 90, 8e-3)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
    // The rate rises over the first tenth and ends at zero.
    expect(shares[1]).toBeGreaterThan(shares[2]!)
    expect(shares[0]).toBeGreaterThan(shares[1]!)
    expect([...learningRateMass([30, 60, 90], 90, 1)]).toEqual(
      [...shares].map(share => expect.closeTo(share, 12)),
    )
  })

  it('of three steps by hand', () => {
    const rates = [0, 1, 2].map(step => learningRate(step, 3, 2))
    const total = rates[0]! + rates[1]! + rates[2]!
    const shares = learningRateMass([1, 2], 3, 2)
    expect(shares[0]).toBeCloseTo(rates[0]! / total, 12)
    expect(shares[1]).toBeCloseTo(rates[1]! / total, 12)
  })
})

describe('TracIn', () => {
  it('accounts for the fall of a loss under descent, row by row, where gradients stand still', () => {
    // Losses g_i . theta and v . theta: every step takes rate x sum of g_i off theta, so v . theta falls by what TracIn sums up.
    const [rows, width, steps, peak] = [5, 3, 12, 0.1]
    const normal = normals(2)
    const g = Array.from({ length: rows }, () => Float64Array.from({ length: width }, normal))
    const v = Float64Array.from({ length: width }, normal)
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
    const fallWith = (kept: readonly Float64Array[]) => {
      const theta = new Float64Array(width)
      for (let step = 0; step < steps; step++)
        for (const own of kept)
          for (let j = 0; j < width; j++) theta[j] = theta[j]! - learningRate(step, steps, peak) * own[j]!
      return -dot(v, theta)
    }
    const mass = Array.from({ length: steps }, (_, step) => learningRate(step, steps, peak))
    const whole = mass.reduce((sum, rate) => sum + rate, 0)
    const masses = [...learningRateMass([4, 8, 12], steps, peak)].map(share => share * whole)
    const products = masses.map(() => [Float64Array.from(g, own => dot(own, v))])
    const [scores] = weightedSum(products, masses, 1, rows)
    for (let out = 0; out < rows; out++) {
      const lost = fallWith(g) - fallWith(g.filter((_, i) => i !== out))
      expect(scores![out]).toBeCloseTo(lost, 12)
    }
  })
})
