import { describe, expect, it } from 'vitest'
import { furthest, inverse, normals, plainMultiply, product } from './testing/matrices.ts'
import { trakScores, transposed } from './trak.ts'

const [n, k] = [24, 4]
const normal = normals(5)
const x = Float32Array.from({ length: n * k }, normal)
const asked = Float32Array.from({ length: 2 * k }, normal)
const inverseGram = (rows: Float32Array) => {
  const columns = transposed(rows, rows.length / k, k)
  return inverse(product(columns, columns, rows.length / k, Float64Array), k)
}
/** Least squares on the rows, [k]. */
const leastSquares = (rows: Float32Array, y: Float64Array): Float64Array =>
  product(
    inverseGram(rows),
    product(transposed(rows, y.length, k), y, y.length, Float64Array),
    k,
    Float64Array,
  )
const without = <T extends Float32Array | Float64Array>(values: T, row: number, width: number): T =>
  values.filter((_, at) => Math.floor(at / width) !== row) as T

describe('TRAK', () => {
  it('is the change of a least-squares prediction when a row is left out, times 1 - leverage', async () => {
    const y = Float64Array.from({ length: n }, normal)
    const theta = leastSquares(x, y)
    const residuals = y.map(
      (value, i) => value - product(x.subarray(i * k, (i + 1) * k), theta, k, Float64Array)[0]!,
    )
    const scores = await trakScores(x, residuals, asked, k, plainMultiply)
    const hat = inverseGram(x)
    for (let out = 0; out < n; out++) {
      const own = x.slice(out * k, (out + 1) * k)
      const leverage = product(own, product(own, hat, k, Float64Array), k, Float64Array)[0]!
      const again = leastSquares(without(x, out, k), without(y, out, 1))
      const change = product(
        asked,
        theta.map((value, j) => value - again[j]!),
        k,
        Float64Array,
      )
      for (const q of [0, 1]) expect(scores[q]![out]! / (1 - leverage)).toBeCloseTo(change[q]!, 4)
    }
  })

  it('weighs a row by 1 - p: of two equal rows the one that is known already counts less', async () => {
    const features = Float32Array.of(1, 0, 0, 1, 1, 0)
    const doubts = Float64Array.of(0.9, 0.5, 0.1)
    const [scores] = await trakScores(features, doubts, Float32Array.of(2, 4), 2, plainMultiply)
    // Phi^T Phi = diag(2, 1): by hand 2/2 x 0.9, 4/1 x 0.5, 2/2 x 0.1.
    expect(furthest(scores!, [0.9, 2, 0.1])).toBeLessThan(1e-4)
  })

  it('has nothing to say where no row has a gradient', async () => {
    const scores = await trakScores(
      new Float32Array(6),
      Float64Array.of(1, 1, 1),
      asked.slice(0, 2),
      2,
      plainMultiply,
    )
    expect([...scores[0]!]).toEqual([0, 0, 0])
  })
})
