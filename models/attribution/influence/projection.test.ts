import { afterAll, describe, expect, it } from 'vitest'
import { closeLinear, matmulTransposed } from '../../linear.ts'
import { uniform } from '../../sampling.ts'
import { projectedBlocks, randomProjection } from './projection.ts'

afterAll(closeLinear)

const random = uniform(3)
const floats = (count: number) => Float32Array.from({ length: count }, () => 2 * random() - 1)
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
const multiply = (a: Float32Array | Uint16Array, b: Float32Array | Uint16Array, k: number) =>
  matmulTransposed(a, b, k, 1)
const part = (name: string, offset: number, shape: [number, number]) => ({ name, offset, shape })

describe('a projection', () => {
  it('keeps dot products in the mean, with the standard error of random signs', async () => {
    const [wide, width, seeds] = [96, 16, 400]
    const layout = [part('m.lora_A.weight', 0, [1, wide])]
    const a = floats(wide)
    const b = floats(wide).map((value, i) => value + 0.5 * a[i]!)
    const both = Float32Array.of(...a, ...b)
    const found: number[] = []
    for (let seed = 1; seed <= seeds; seed++) {
      const z = await randomProjection(layout, multiply, { width, seed }).apply(both, 2)
      found.push(dot(z.subarray(0, width), z.subarray(width)))
    }
    const exact = dot(a, b)
    const squares = a.map(value => value ** 2)
    const variance =
      (dot(a, a) * dot(b, b) +
        exact ** 2 -
        2 *
          dot(
            squares,
            b.map(value => value ** 2),
          )) /
      width
    const mean = found.reduce((sum, value) => sum + value, 0) / seeds
    const spread = found.reduce((sum, value) => sum + (value - exact) ** 2, 0) / seeds
    expect(Math.abs(mean - exact)).toBeLessThan(4 * Math.sqrt(variance / seeds))
    expect(spread / variance).toBeGreaterThan(0.75)
    expect(spread / variance).toBeLessThan(1.3)
  })

  it('projects the wide side of either tensor and keeps the rank side', async () => {
    // The same gradient as lora_A [2, 40] and, transposed, as lora_B [40, 2].
    const a = floats(80)
    const b = Float32Array.from({ length: 80 }, (_, i) => a[(i % 2) * 40 + (i >> 1)]!)
    const z = async (name: string, shape: [number, number], row: Float32Array) =>
      randomProjection([part(name, 0, shape)], multiply, { width: 8 }).apply(row, 1)
    const fromA = await z('m.lora_A.weight', [2, 40], a)
    const fromB = await z('m.lora_B.weight', [40, 2], b)
    expect(fromA).toHaveLength(2 * 8)
    expect(fromB).toEqual(fromA)
    const alone = await z('m.lora_A.weight', [1, 40], a.subarray(40))
    for (const [i, value] of alone.entries()) expect(value).toBeCloseTo(fromA[8 + i]!, 5)
  })

  it('keeps a tensor whose wide side is at most k as it is', async () => {
    const layout = [part('m.lora_A.weight', 0, [2, 3]), part('m.lora_B.weight', 6, [3, 2])]
    const row = Float32Array.of(1, 2, 3, 4, 5, 6, 1, 4, 2, 5, 3, 6)
    const projection = randomProjection(layout, multiply, { width: 3 })
    expect(await projection.apply(row, 1)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6))
    expect(projectedBlocks(layout, 2).map(block => block.width)).toEqual([2, 2])
  })

  it('of one seed is the same for every batch, and another for another seed', async () => {
    const layout = [part('m.lora_A.weight', 0, [2, 40]), part('m.lora_B.weight', 80, [50, 2])]
    const rows = floats(3 * 180)
    const projection = randomProjection(layout, multiply, { width: 4 })
    const all = await projection.apply(rows, 3)
    const last = await projection.apply(rows.subarray(2 * 180), 1)
    expect(projection.size).toBe(16)
    for (const [i, value] of last.entries()) expect(value).toBeCloseTo(all[32 + i]!, 5)
    const other = await randomProjection(layout, multiply, { width: 4, seed: 2 }).apply(rows, 3)
    expect(other).not.toEqual(all)
  })
})
