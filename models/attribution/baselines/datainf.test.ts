import { describe, expect, it } from 'vitest'
import { dataInfBlock } from './datainf.ts'
import { furthest, inverse, normals, plainMultiply, product } from './testing/matrices.ts'

describe('DataInf', () => {
  it('of one row is v.g / (lambda + |g|^2)', async () => {
    // |g|^2 = 25, lambda = 0.1 x 25 / 2 = 1.25, v.g = 11.
    const scores = await dataInfBlock(Float32Array.of(3, 4), Float32Array.of(1, 2), 2, plainMultiply)
    expect(scores[0]).toBeCloseTo(11 / 26.25, 6)
  })

  it('of two rows is their closed form by hand', async () => {
    // lambda = 0.1 x (1 + 4) / (2 x 2) = 0.125; v.g = (1, 2), g_1.g_2 = 0.
    const scores = await dataInfBlock(Float32Array.of(1, 0, 0, 2), Float32Array.of(1, 1), 2, plainMultiply)
    expect(scores[0]).toBeCloseTo(8 * (1 - (1 / 2) * (1 / 1.125)), 6)
    expect(scores[1]).toBeCloseTo(8 * (2 - (1 / 2) * ((2 * 4) / 4.125)), 6)
  })

  it('takes the mean of the inverses of g g^T + lambda I', async () => {
    const [n, width] = [7, 5]
    const normal = normals(3)
    const rows = Float32Array.from({ length: n * width }, normal)
    const queries = Float32Array.from({ length: 2 * width }, normal)
    const lambda = (0.1 * rows.reduce((sum, value) => sum + value ** 2, 0)) / (n * width)
    const mean = new Float64Array(width * width)
    for (let i = 0; i < n; i++) {
      const g = rows.subarray(i * width, (i + 1) * width)
      const block = Float64Array.from(mean, (_, at) => {
        const [a, b] = [Math.floor(at / width), at % width]
        return g[a]! * g[b]! + (a === b ? lambda : 0)
      })
      for (const [at, value] of inverse(block, width).entries()) mean[at] = mean[at]! + value / n
    }
    const exact = product(product(queries, mean, width, Float64Array), rows, width, Float64Array)
    const scores = await dataInfBlock(rows, queries, width, plainMultiply)
    expect(furthest(scores, exact)).toBeLessThan(1e-4)
  })

  it('of a tensor without gradients is zero', async () => {
    const scores = await dataInfBlock(new Float32Array(4), Float32Array.of(1, 2), 2, plainMultiply)
    expect([...scores]).toEqual([0, 0])
  })
})
