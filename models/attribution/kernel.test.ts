import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uniform } from '../sampling.ts'
import { openGradientRows, writeGradientRows } from './gradient-rows.ts'
import { cholesky, damping, solve } from './kernel.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernel-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const random = uniform(11)
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
const matrix = (n: number, p: number) => Float64Array.from({ length: n * p }, normal)
/** a [m, k] b [n, k]^T in float64. */
const product = (a: Float64Array, b: Float64Array, k: number) =>
  Float64Array.from({ length: (a.length / k) * (b.length / k) }, (_, at) => {
    const [i, j] = [Math.floor(at / (b.length / k)), at % (b.length / k)]
    let sum = 0
    for (let x = 0; x < k; x++) sum += a[i * k + x]! * b[j * k + x]!
    return sum
  })
const transposed = (a: Float64Array, k: number) =>
  Float64Array.from(
    { length: a.length },
    (_, at) => a[(at % (a.length / k)) * k + Math.floor(at / (a.length / k))]!,
  )
const withRidge = (a: Float64Array, n: number, ridge: number) =>
  a.map((value, at) => (at % (n + 1) === 0 ? value + ridge : value))
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)))

describe('influence by the kernel', () => {
  it('equals the primal form G (F + lambda I)^-1 v / n', async () => {
    const [n, p] = [12, 30]
    const g = matrix(n, p)
    const v = matrix(1, p)
    const kernel = product(g, g, p)
    const lambda = damping(kernel, n, p)
    const dual = solve(await cholesky(withRidge(kernel, n, n * lambda), n), n, product(g, v, p))

    const columns = transposed(g, p)
    const fisher = product(columns, columns, n).map(value => value / n)
    const direction = solve(await cholesky(withRidge(fisher, p, lambda), p), p, v)
    const primal = product(g, direction, p).map(value => value / n)
    expect(furthest(dual, primal)).toBeLessThan(1e-10)
  })

  it('agrees with removing a row and fitting again, where the curvature is the gradients alone', async () => {
    // Ridge regression, loss (x.theta - y)^2 / 2, whose residuals are all +-1: then g g^T = x x^T is the exact Hessian.
    const [n, p, ridge] = [14, 5, 3]
    const x = matrix(n, p)
    const residuals = Float64Array.from({ length: n }, () => (random() < 0.5 ? -1 : 1))
    const g = x.map((value, at) => value * residuals[Math.floor(at / p)]!)
    // Stationary: sum_i g_i + ridge theta = 0; the targets follow from theta and the residuals.
    const theta = product(
      transposed(g, p),
      Float64Array.from({ length: n }, () => 1),
      n,
    ).map(sum => -sum / ridge)
    const y = product(x, theta, p).map((value, i) => value - residuals[i]!)
    const v = matrix(1, p)

    const factor = await cholesky(withRidge(product(g, g, p), n, ridge), n)
    const tau = solve(factor, n, product(g, v, p))
    const unit = (at: number) => Float64Array.from({ length: n }, (_, i) => (i === at ? 1 : 0))
    // h_i = 1 - ridge [(K + ridge I)^-1]_ii.
    const leverage = Float64Array.from({ length: n }, (_, i) => 1 - ridge * solve(factor, n, unit(i))[i]!)

    for (let out = 0; out < n; out++) {
      const kept = x.map((value, at) => (Math.floor(at / p) === out ? 0 : value))
      const columns = transposed(kept, p)
      const hessian = withRidge(product(columns, columns, n), p, ridge)
      const again = solve(await cholesky(hessian, p), p, product(columns, y, n))
      const raised = product(
        again.map((value, k) => value - theta[k]!),
        v,
        p,
      )[0]!
      // One row's removal is exact up to its own leverage, the Sherman-Morrison factor.
      expect(raised).toBeCloseTo(tau[out]! / (1 - leverage[out]!), 9)
    }
  })
})

describe('gradient rows on disk', () => {
  const [n, p] = [37, 501]
  const rows = Float32Array.from(matrix(n, p), (value, at) => value * 10 ** ((Math.floor(at / p) % 12) - 6))
  const stored = async () => {
    const path = join(folder, 'rows.f16')
    const writer = await writeGradientRows(path, n, p)
    await writer.put(20, rows.slice(20 * p))
    await writer.put(0, rows.slice(0, 20 * p))
    await writer.close()
    return openGradientRows(path, n, p, writer.scales)
  }

  it('come back within half precision, over twelve orders of magnitude', async () => {
    const gradients = await stored()
    const bits = new Uint16Array(n * p)
    gradients.columns(0, p, bits)
    const halves = new Float16Array(bits.buffer)
    for (let i = 0; i < n; i++) {
      const top = Math.max(...rows.subarray(i * p, (i + 1) * p).map(Math.abs))
      for (let at = i * p; at < (i + 1) * p; at++)
        expect(Math.abs(halves[at]! * gradients.scales[i]! - rows[at]!)).toBeLessThanOrEqual(2 ** -11 * top)
    }
    await gradients.close()
  })

  it('are refused when a gradient is not finite or the file has another size', async () => {
    const path = join(folder, 'bad.f16')
    const writer = await writeGradientRows(path, 2, 3)
    await expect(writer.put(0, Float32Array.of(1, Number.NaN, 2))).rejects.toMatchObject({
      code: 'gradient-not-finite',
    })
    await writer.close()
    await expect(openGradientRows(path, 2, 3, writer.scales)).rejects.toMatchObject({ code: 'index-stale' })
  })
})

describe('a Cholesky factor', () => {
  it('times its transpose gives the matrix back', async () => {
    const n = 40
    const g = matrix(n, n)
    const a = withRidge(product(g, g, n), n, 1)
    const factor = await cholesky(a.slice(), n)
    expect(furthest(product(factor, factor, n), a)).toBeLessThan(1e-10)
  })

  it('is refused for a matrix that is not positive definite', async () => {
    await expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).rejects.toMatchObject({
      code: 'kernel-not-positive',
    })
  })
})
