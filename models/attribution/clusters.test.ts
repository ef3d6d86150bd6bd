import { describe, expect, it } from 'vitest'
import { uniform } from '../sampling.ts'
import { clusterCount, contentClusters, sizesOf, sumsByCluster } from './clusters.ts'

/** Points around `topics` directions, dealt by turns. */
const points = (topics: number, each: number): Float32Array[] => {
  const random = uniform(3)
  return Array.from({ length: topics * each }, (_, i) => {
    const point = Float32Array.from({ length: 8 }, (_, d) => (d === i % topics ? 1 : 0.2 * (random() - 0.5)))
    const length = Math.hypot(...point)
    return point.map(value => value / length)
  })
}

describe('content clusters', () => {
  it('find topics that lie apart', async () => {
    const { count, of } = await contentClusters(points(5, 12), 5)
    expect(count).toBe(5)
    for (let i = 0; i < of.length; i++) expect(of[i]).toBe(i % 5)
  })

  it('are the same each time, numbered by their first row', async () => {
    const all = points(4, 9)
    const once = await contentClusters(all, 6)
    expect([...(await contentClusters(all, 6)).of]).toEqual([...once.of])
    const firsts = Array.from({ length: once.count }, (_, c) => once.of.indexOf(c))
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
  })

  it('keep near-duplicates together, and copies do not pull the topic', async () => {
    const all = points(3, 6)
    const copies = [...all, ...Array.from({ length: 30 }, () => all[0]!)]
    const group = Uint32Array.from(copies, (_, i) => (i < all.length ? i : 0))
    const { of } = await contentClusters(copies, 3, group)
    for (let i = all.length; i < copies.length; i++) expect(of[i]).toBe(of[0])
    expect([...of.slice(0, all.length)]).toEqual([...(await contentClusters(all, 3)).of])
  })

  it('never hold more than twice an even share, and sum to all rows', async () => {
    const sizes = sizesOf(await contentClusters([...points(1, 60), ...points(4, 5)], 8))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20)
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(80)
    expect([...sumsByCluster([1, 2, 4], { count: 2, of: Uint32Array.of(1, 0, 1) })]).toEqual([2, 5])
  })

  it('are as many as there are rows for', async () => {
    expect([4, 30, 480, 974, 1e5].map(clusterCount)).toEqual([2, 15, 30, 61, 200])
    expect((await contentClusters(points(2, 1), 5)).count).toBe(2)
  })
})
