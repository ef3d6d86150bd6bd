/** Whether a comes before b, the larger weight first, of equal ones the lower index. */
export const rankedBefore = (weights: ArrayLike<number>, a: number, b: number): boolean =>
  weights[a]! > weights[b]! || (weights[a]! === weights[b]! && a < b)

/** Moves what ranks before a pivot from the middle of order[low, high) to its left; where the pivot ends, and their mass. */
const partition = (order: Int32Array, weights: Float64Array, low: number, high: number) => {
  const middle = (low + high) >> 1
  const pivot = order[middle]!
  order[middle] = order[high - 1]!
  let mass = 0
  let place = low
  for (let i = low; i < high - 1; i++) {
    const item = order[i]!
    if (!rankedBefore(weights, item, pivot)) continue
    order[i] = order[place]!
    order[place++] = item
    mass += weights[item]!
  }
  order[high - 1] = order[place]!
  order[place] = pivot
  return { place, mass, own: weights[pivot]! }
}

/** Puts the `count` first-ranked of order[0, length) into its first places, in no order (quickselect, Hoare 1961). */
export const rankFirst = (order: Int32Array, weights: Float64Array, length: number, count: number): void => {
  let low = 0
  let high = length
  while (high - low > 1) {
    const { place } = partition(order, weights, low, high)
    if (place === count || place === count - 1) return
    if (place > count) high = place
    else low = place + 1
  }
}

/**
 * Where the running sum of weights, first-ranked first, passes `goal` (reaches it where `reach`): order[0..index] are then the
 * first-ranked and `mass` their sum. Linear on average: it follows the one side of each partition that the goal is in.
 */
export const selectMass = (
  order: Int32Array,
  weights: Float64Array,
  length: number,
  goal: number,
  reach: boolean,
): { index: number; mass: number } => {
  const within = (sum: number) => (reach ? goal <= sum : goal < sum)
  let low = 0
  let high = length
  let before = 0
  let found = { index: length - 1, mass: Number.NaN }
  while (low < high) {
    const { place, mass, own } = partition(order, weights, low, high)
    if (place > low && within(before + mass)) high = place
    else if (within(before + mass + own)) return { index: place, mass: before + mass + own }
    else {
      before += mass + own
      found = { index: place, mass: before }
      low = place + 1
    }
  }
  return found
}
