import { breather } from './breather.ts'

/** Content clusters: the players between whom influence is divided. Formed from content alone, never from accounts. */
export interface Clustering {
  readonly count: number
  /** Cluster of each row, 0..count-1; clusters are numbered by their first row. */
  readonly of: Uint32Array
}

/** Clusters at most; beyond it an ensemble of affordable size cannot tell them apart. */
export const mostClusters = 200

/** Clusters for so many rows: one for every 16, at least 24 where there are rows for them, at most 200. */
export const clusterCount = (rows: number): number =>
  Math.max(1, Math.min(mostClusters, Math.max(Math.min(24, rows >>> 1), Math.round(rows / 16))))

/** A cut leaves each side at least this share of what it cuts, so that no cluster is too small to be measured. */
const leastShare = 1 / 3

/**
 * Cuts rows into `count` topics of like size: the largest topic is cut in two along the line between two means (Boley's
 * principal direction divisive partitioning, 1998, with two-means for the direction) until there are enough, and then rows move to
 * the topic whose mean is nearest and that has room. Rows of one `group` (near-duplicates) stay together. It draws no random numbers, so the same content gives the same clusters.
 * @param embeddings one vector a row, of length 1
 * @param group near-duplicate group of each row; each row its own where absent
 */
export const contentClusters = async (
  embeddings: readonly Float32Array[],
  count: number,
  group: ArrayLike<number> = Uint32Array.from(embeddings, (_, i) => i),
): Promise<Clustering> => {
  const units = gather(embeddings, group)
  const parts: Unit[][] = [units]
  while (parts.length < Math.min(count, units.length)) {
    const largest = parts.reduce((best, part, i) => (part.length > parts[best]!.length ? i : best), 0)
    parts.splice(largest, 1, ...cut(parts[largest]!))
  }
  const of = new Uint32Array(embeddings.length)
  const ordered = (await refined(units, parts))
    .map(part => part.flatMap(unit => unit.rows))
    .toSorted((a, b) => Math.min(...a) - Math.min(...b))
  for (const [cluster, rows] of ordered.entries()) for (const row of rows) of[row] = cluster
  return { count: ordered.length, of }
}

/** Rows that cannot be told apart, as one point. */
interface Unit {
  readonly rows: number[]
  readonly point: Float64Array
}

const gather = (embeddings: readonly Float32Array[], group: ArrayLike<number>): Unit[] => {
  const units = new Map<number, Unit>()
  for (const [row, embedding] of embeddings.entries()) {
    const known = units.get(group[row]!)
    // The first-seen row stands for its near-duplicates: copies do not pull a cluster towards themselves.
    if (known === undefined) units.set(group[row]!, { rows: [row], point: Float64Array.from(embedding) })
    else known.rows.push(row)
  }
  return [...units.values()]
}

const cut = (part: readonly Unit[]): [Unit[], Unit[]] => {
  const middle = meanOf(part)
  const far = furthest(part, middle)
  let left = [far]
  let right = [furthest(part, far.point)]
  const least = Math.max(1, Math.floor(part.length * leastShare))
  for (let sweep = 0; sweep < 8; sweep++) {
    const [a, b] = [meanOf(left), meanOf(right)]
    const side = part.map((unit, i) => ({ unit, i, value: dot(unit.point, a) - dot(unit.point, b) }))
    side.sort((x, y) => y.value - x.value || x.i - y.i)
    const natural = side.filter(({ value }) => value > 0).length
    const at = Math.min(part.length - least, Math.max(least, natural))
    left = side.slice(0, at).map(({ unit }) => unit)
    right = side.slice(at).map(({ unit }) => unit)
  }
  return [left, right]
}

/** Sweeps of k-means at most; on the sample no row moves after about ten. */
const sweeps = 20
/** No topic holds more than this many times the rows of an even division. */
const mostShare = 2

/** Lloyd's sweeps with room for `mostShare` of an even division in each part; the surest units choose first. */
const refined = async (units: readonly Unit[], start: Unit[][]): Promise<Unit[][]> => {
  const breathe = breather()
  let parts = start
  const room = Math.ceil((mostShare * units.length) / parts.length)
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const means = parts.map(meanOf)
    const wishes: { unit: Unit; i: number; value: number }[] = []
    for (const [i, unit] of units.entries()) {
      wishes.push({ unit, i, value: dot(unit.point, means[nearest(unit, means, () => true)]!) })
      await breathe()
    }
    wishes.sort((a, b) => b.value - a.value || a.i - b.i)
    const next: Unit[][] = parts.map(() => [])
    for (const { unit } of wishes) {
      next[nearest(unit, means, part => next[part]!.length < room)]!.push(unit)
      await breathe()
    }
    // A part that nobody chose would be a player without rows.
    if (next.some(part => part.length === 0)) return parts
    const still = next.every(
      (part, i) => part.length === parts[i]!.length && part.every(unit => parts[i]!.includes(unit)),
    )
    parts = next
    if (still) return parts
  }
  return parts
}

const nearest = (unit: Unit, means: readonly Float64Array[], allowed: (part: number) => boolean): number => {
  let [best, most] = [-1, Number.NEGATIVE_INFINITY]
  for (const [part, mean] of means.entries()) {
    if (!allowed(part)) continue
    const value = dot(unit.point, mean)
    if (value > most) [best, most] = [part, value]
  }
  return best
}

const furthest = (part: readonly Unit[], from: Float64Array): Unit =>
  part.reduce((best, unit) => (dot(unit.point, from) < dot(best.point, from) ? unit : best))

const meanOf = (part: readonly Unit[]): Float64Array => {
  const mean = new Float64Array(part[0]!.point.length)
  for (const { point } of part) for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + point[i]!
  const length = Math.hypot(...mean) || 1
  return mean.map(value => value / length)
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Rows of each cluster. */
export const sizesOf = ({ count, of }: Clustering): Uint32Array => {
  const sizes = new Uint32Array(count)
  for (const cluster of of) sizes[cluster] = sizes[cluster]! + 1
  return sizes
}

/** Sums of rows' values in each cluster. */
export const sumsByCluster = (values: ArrayLike<number>, { count, of }: Clustering): Float64Array => {
  const sums = new Float64Array(count)
  for (let i = 0; i < of.length; i++) sums[of[i]!] = sums[of[i]!]! + values[i]!
  return sums
}
