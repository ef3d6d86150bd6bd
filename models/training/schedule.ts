import { uniform } from '../sampling.ts'

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

/**
 * The examples of every step, by index: each epoch is shuffled by the seed and cut into batches. Lengths play no part:
 * packed rows need no padding, and batches of near lengths tuned worse (1.66 against 1.56 nats a token on MedQuAD).
 */
export function stepOrder(
  count: number,
  options: { batch: number; epochs: number; seed: number },
): number[][] {
  const steps: number[][] = []
  const indices = Array.from({ length: count }, (_, i) => i)
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const order = shuffled(indices, uniform(options.seed * 1009 + epoch))
    for (let i = 0; i < count; i += options.batch) steps.push(order.slice(i, i + options.batch))
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
