import { describe, expect, it } from 'vitest'
import { fisherInfluence, projectWide } from './logra.ts'
import { signMatrix } from './random-projection.ts'
import { furthest, inverse, normals, plainMultiply, product } from './testing/matrices.ts'
import { transposed } from './trak.ts'

const normal = normals(9)
const matrix = (length: number) => Float32Array.from({ length }, normal)

describe('influence under a damped Fisher matrix', () => {
  it('equals the question preconditioned with its inverse', async () => {
    const [n, width] = [9, 4]
    const [rows, queries] = [matrix(n * width), matrix(3 * width)]
    const columns = transposed(rows, n, width)
    const fisher = product(columns, columns, n, Float64Array).map(value => value / n)
    const diagonal = Array.from({ length: width }, (_, i) => fisher[i * width + i]!)
    const lambda = (0.1 * diagonal.reduce((sum, value) => sum + value, 0)) / width
    for (let i = 0; i < width; i++) fisher[i * width + i] = fisher[i * width + i]! + lambda
    const preconditioned = product(queries, inverse(fisher, width), width, Float64Array)
    const exact = product(preconditioned, rows, width, Float64Array).map(value => value / n)
    expect(furthest(await fisherInfluence(rows, queries, width, plainMultiply), exact)).toBeLessThan(1e-5)
  })

  it('of one row by hand: v.g / (|g|^2 + lambda)', async () => {
    // |g|^2 = 25, lambda = 0.1 x 25 / 2.
    const scores = await fisherInfluence(Float32Array.of(3, 4), Float32Array.of(1, 2), 2, plainMultiply)
    expect(scores[0]).toBeCloseTo(11 / 26.25, 6)
  })
})

describe('projecting the wide side', () => {
  const [r, wide, k] = [2, 6, 3]
  const projection = signMatrix(k, wide, 4)

  it('of an A, [r, in], gives A P^T', async () => {
    const a = matrix(2 * r * wide)
    const projected = await projectWide(a, [r, wide], k, 4, plainMultiply)
    for (const at of [0, 1]) {
      const exact = product(a.subarray(at * r * wide, (at + 1) * r * wide), projection, wide, Float64Array)
      expect(furthest(projected.subarray(at * r * k, (at + 1) * r * k), exact)).toBeLessThan(1e-5)
    }
  })

  it('of a B, [out, r], gives (P B)^T', async () => {
    const b = matrix(2 * r * wide)
    const projected = await projectWide(b, [wide, r], k, 4, plainMultiply)
    for (const at of [0, 1]) {
      const own = transposed(b.subarray(at * r * wide, (at + 1) * r * wide), wide, r)
      const exact = product(own, projection, wide, Float64Array)
      expect(furthest(projected.subarray(at * r * k, (at + 1) * r * k), exact)).toBeLessThan(1e-5)
    }
  })

  it('leaves a side that is narrow already', async () => {
    const a = matrix(r * wide)
    expect(await projectWide(a, [r, wide], 6, 4, plainMultiply)).toBe(a)
  })
})
