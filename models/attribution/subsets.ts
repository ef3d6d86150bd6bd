import { fault } from '../../infra/errors.ts'
import { uniform } from '../sampling.ts'

/** Which clusters a subset keeps; length clusters, 1 kept, 0 left out. */
export type Subset = Uint8Array

/** Every subset once, as text to compare by. */
export const subsetKey = (subset: Subset): string => subset.join('')

/**
 * Subsets drawn at random, each of exactly round(keep x clusters) clusters, no two equal and none among `taken`.
 * Error `subsets-exhausted`: there are not so many.
 */
export const randomSubsets = (
  clusters: number,
  count: number,
  { keep, seed, taken = [] }: { keep: number; seed: number; taken?: Iterable<Subset> },
): Subset[] => {
  const random = uniform(seed)
  const seen = new Set(Array.from(taken, subsetKey))
  const kept = Math.round(keep * clusters)
  const out: Subset[] = []
  for (let tries = 0; out.length < count; tries++) {
    if (tries > 100 * count + 1000)
      throw fault(
        'subsets-exhausted',
        `There are no ${count} new subsets of ${kept} of ${clusters} clusters.`,
        {
          fix: 'Ask for fewer subsets, or form more clusters.',
        },
      )
    const subset = new Uint8Array(clusters)
    const order = shuffled(clusters, random)
    for (let i = 0; i < kept; i++) subset[order[i]!] = 1
    if (seen.has(subsetKey(subset))) continue
    seen.add(subsetKey(subset))
    out.push(subset)
  }
  return out
}

/**
 * Subsets in which each cluster is kept with probability one half, independently, each followed by its complement. Their sizes
 * differ: among subsets of one size a level that all effects share would be invisible.
 */
export const halvedSubsets = (clusters: number, count: number, seed: number): Subset[] => {
  const random = uniform(seed)
  return Array.from({ length: count >>> 1 }, () => {
    const subset = Uint8Array.from({ length: clusters }, () => (random() < 0.5 ? 1 : 0))
    return [subset, subset.map(kept => 1 - kept)]
  }).flat()
}

/**
 * The subsets of a designed experiment: a two-level design after Plackett and Burman (1946), from Hadamard matrices after Paley
 * (1933). Each cluster is kept in half of the subsets, any two clusters in a quarter, so that effects of clusters are
 * estimated independently of one another; where there is room every subset comes with its complement (fold-over, Box and Wilson
 * 1951), which frees them of all interactions of two as well. Which columns are taken, and their signs, is drawn by the seed.
 * @returns at most `most` subsets, or null where no design of that size holds so many clusters
 */
export const designedSubsets = (clusters: number, most: number, seed: number): Subset[] | null => {
  const folded = orders.find(order => order >= clusters)
  if (folded !== undefined && 2 * folded <= most)
    return drawn(hadamard(folded), clusters, seed).flatMap(subset => [subset, subset.map(kept => 1 - kept)])
  const single = orders.find(order => order > clusters)
  if (single === undefined || single > most) return null
  // Rows turned so that the first column is constant: what is left of the others is balanced.
  return drawn(
    hadamard(single).map(row => row.slice(1).map(value => value * row[0]!)),
    clusters,
    seed,
  )
}

const drawn = (matrix: readonly number[][], clusters: number, seed: number): Subset[] => {
  const random = uniform(seed)
  const columns = shuffled(matrix[0]!.length, random)
  // Drawn signs: otherwise one subset would keep everything and another nothing.
  const signs = columns.map(() => (random() < 0.5 ? -1 : 1))
  return matrix.map(row =>
    Uint8Array.from({ length: clusters }, (_, c) => (signs[c]! * row[columns[c]!]! > 0 ? 1 : 0)),
  )
}

const primes = [
  3, 7, 11, 19, 23, 31, 43, 47, 59, 67, 71, 79, 83, 103, 107, 127, 131, 139, 151, 163, 167, 179, 191, 199,
]
const orders = primes.map(q => q + 1)

/** Paley's first construction: a Hadamard matrix of order q + 1 for a prime q that leaves 3 when divided by 4. */
const hadamard = (order: number): number[][] => {
  const q = order - 1
  const squares = new Set(Array.from({ length: q - 1 }, (_, i) => ((i + 1) * (i + 1)) % q))
  const character = (a: number): number => (a % q === 0 ? 0 : squares.has(((a % q) + q) % q) ? 1 : -1)
  return Array.from({ length: order }, (_, i) =>
    Array.from({ length: order }, (_, j) => {
      if (i === 0) return 1
      if (j === 0) return -1
      return i === j ? 1 : character(j - i)
    }),
  )
}

const shuffled = (count: number, random: () => number): number[] => {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
