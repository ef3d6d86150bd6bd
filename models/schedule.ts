import { uniform } from './sampling.ts'

/** Share of the steps in which the learning rate rises. */
const warmUp = 0.1
/** Where the rise starts, as a share of the peak. */
const start = 0.04

/** One-cycle learning rate (Smith & Topin 2018): linear rise, then a half cosine to zero. `step` counts from 0. */
export function learningRate(step: number, steps: number, peak: number): number {
  const rise = Math.max(1, Math.round(steps * warmUp))
  if (step < rise) return peak * (start + (1 - start) * ((step + 1) / rise))
  return (peak * (1 + Math.cos((Math.PI * (step + 1 - rise)) / (steps + 1 - rise)))) / 2
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

/** Batches that are sorted by length together; larger pools pad less, smaller ones mix more. */
const poolBatches = 16

/**
 * The examples of every step, by index: each epoch is shuffled by the seed, sorted by length within pools, cut into batches
 * of near lengths, and the batches are shuffled. Depends on the lengths and the seed alone.
 */
export function stepOrder(
  lengths: readonly number[],
  options: { batch: number; epochs: number; seed: number },
): number[][] {
  const steps: number[][] = []
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const random = uniform(options.seed * 1009 + epoch)
    const order = shuffled([...lengths.keys()], random)
    const batches: number[][] = []
    const pool = options.batch * poolBatches
    for (let from = 0; from < order.length; from += pool) {
      const near = order.slice(from, from + pool).toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
      for (let i = 0; i < near.length; i += options.batch) batches.push(near.slice(i, i + options.batch))
    }
    steps.push(...shuffled(batches, random))
  }
  return steps
}

/**
 * Cuts examples (indices in the order given) into groups whose rectangle of longest x count stays within `places`;
 * an example longer than that stands alone.
 */
export function groupsWithin(
  order: readonly number[],
  lengths: readonly number[],
  places: number,
): number[][] {
  const groups: number[][] = []
  let longest = 0
  for (const index of order) {
    const last = groups.at(-1)
    const length = Math.max(longest, lengths[index]!)
    if (last && length * (last.length + 1) <= places) {
      last.push(index)
      longest = length
    } else {
      groups.push([index])
      longest = lengths[index]!
    }
  }
  return groups
}
