/** Texts whose suffixes can be sorted. */
export type Symbols = Uint16Array | Uint32Array | Int32Array

/**
 * Positions of `text` in the order of the suffixes that start there; the end of the text is below every symbol, and symbols
 * are below `range`. Induced sorting, SA-IS (Nong, Zhang and Chan, 2009): O(N), the result's 4 bytes a symbol and at
 * every level 8 bytes for each of its distinct symbols. Fewer than 2^31 symbols.
 */
export const sortSuffixes = (text: Symbols, range: number): Uint32Array => {
  const order = new Int32Array(text.length)
  sortInto(text, order, range)
  return new Uint32Array(order.buffer)
}

/**
 * A suffix is rising (S-type) where it is below the suffix after it, and a foot (LMS) where the one before it falls. Sorting
 * the feet sorts everything: first their substrings from foot to foot, then, by recursion over the names of these, the feet.
 */
const sortInto = (text: Symbols, order: Int32Array, range: number): void => {
  const n = text.length
  order.fill(0)
  if (n < 2) return
  const counts = new Int32Array(range)
  for (let i = 0; i < n; i++) counts[text[i]!]!++
  const edges = new Int32Array(range)

  bucketEnds(counts, edges)
  eachFoot(text, at => {
    order[--edges[text[at]!]!] = at
  })
  fallingFromFeet(text, order, counts, edges)
  risingFromFalling(text, order, counts, edges)
  let feet = 0
  for (let i = 0; i < n; i++) if (order[i]! < 0) order[feet++] = ~order[i]!
  order.fill(0, feet)

  const names = nameFeet(text, order, feet)
  if (names < feet) {
    let at = n
    for (let i = n - 1; i >= feet; i--) if (order[i]! > 0) order[--at] = order[i]! - 1
    sortInto(order.subarray(n - feet), order.subarray(0, feet), names)
    at = n
    eachFoot(text, foot => {
      order[--at] = foot
    })
    for (let i = 0; i < feet; i++) order[i] = order[n - feet + order[i]!]!
  }

  order.fill(0, feet)
  bucketEnds(counts, edges)
  for (let i = feet - 1; i >= 0; i--) {
    const foot = order[i]!
    order[i] = 0
    order[--edges[text[foot]!]!] = foot
  }
  allFalling(text, order, counts, edges)
  allRising(text, order, counts, edges)
}

const bucketStarts = (counts: Int32Array, edges: Int32Array): void => {
  for (let i = 0, sum = 0; i < counts.length; i++) {
    edges[i] = sum
    sum += counts[i]!
  }
}

const bucketEnds = (counts: Int32Array, edges: Int32Array): void => {
  for (let i = 0, sum = 0; i < counts.length; i++) {
    sum += counts[i]!
    edges[i] = sum
  }
}

/** Feet from the last to the first. */
const eachFoot = (text: Symbols, visit: (at: number) => void): void => {
  let next = text[text.length - 1]!
  let rising = false
  for (let i = text.length - 2; i >= 0; i--) {
    const here = text[i]!
    const rises: boolean = here < next || (here === next && rising)
    if (rising && !rises) visit(i + 1)
    rising = rises
    next = here
  }
}

// In the four passes an entry is positive while the suffix one to its left is still to be placed by that pass, which the
// symbol beside it tells when it is written: the text is read at random once a suffix, not twice.

/** Places the falling suffixes, feet known; leaves those that a rising one precedes, and zeros. */
const fallingFromFeet = (text: Symbols, order: Int32Array, counts: Int32Array, edges: Int32Array): void => {
  bucketStarts(counts, edges)
  const n = order.length
  const last = text[n - 1]!
  order[edges[last]!++] = text[n - 2]! < last ? ~(n - 1) : n - 1
  for (let i = 0; i < n; i++) {
    const entry = order[i]!
    if (entry > 0) {
      const at = entry - 1
      const symbol = text[at]!
      order[i] = 0
      order[edges[symbol]!++] = at > 0 && text[at - 1]! < symbol ? ~at : at
    } else if (entry < 0) order[i] = ~entry
  }
}

/** Places the rising suffixes, falling ones known; leaves the feet as ~position in the order of their substrings, and zeros. */
const risingFromFalling = (text: Symbols, order: Int32Array, counts: Int32Array, edges: Int32Array): void => {
  bucketEnds(counts, edges)
  for (let i = order.length - 1; i >= 0; i--) {
    const entry = order[i]!
    if (entry <= 0) continue
    const at = entry - 1
    const symbol = text[at]!
    order[i] = 0
    order[--edges[symbol]!] = at > 0 && text[at - 1]! > symbol ? ~at : at
  }
}

/** Places all falling suffixes, the sorted feet known. */
const allFalling = (text: Symbols, order: Int32Array, counts: Int32Array, edges: Int32Array): void => {
  bucketStarts(counts, edges)
  const n = order.length
  const last = text[n - 1]!
  order[edges[last]!++] = text[n - 2]! < last ? ~(n - 1) : n - 1
  for (let i = 0; i < n; i++) {
    const entry = order[i]!
    order[i] = ~entry
    if (entry <= 0) continue
    const at = entry - 1
    const symbol = text[at]!
    order[edges[symbol]!++] = at > 0 && text[at - 1]! < symbol ? ~at : at
  }
}

/** Places all rising suffixes, the falling ones known; the order is whole afterwards. */
const allRising = (text: Symbols, order: Int32Array, counts: Int32Array, edges: Int32Array): void => {
  bucketEnds(counts, edges)
  for (let i = order.length - 1; i >= 0; i--) {
    const entry = order[i]!
    if (entry <= 0) {
      order[i] = ~entry
      continue
    }
    const at = entry - 1
    const symbol = text[at]!
    order[--edges[symbol]!] = at === 0 || text[at - 1]! > symbol ? ~at : at
  }
}

/**
 * Numbers the substrings from foot to foot in their order, equal ones alike, and leaves each number plus one at
 * order[feet + position / 2], as no two feet are neighbours. Returns how many there are.
 */
const nameFeet = (text: Symbols, order: Int32Array, feet: number): number => {
  const n = text.length
  let next = n
  eachFoot(text, foot => {
    order[feet + (foot >> 1)] = next - foot + 1
    next = foot
  })
  let names = 0
  let before = 0
  let lengthBefore = 0
  for (let i = 0; i < feet; i++) {
    const foot = order[i]!
    const length = order[feet + (foot >> 1)]!
    // The last foot's substring holds the end of the text, so that no other equals it.
    let same = length === lengthBefore && foot + length <= n && before + length <= n
    for (let k = 0; same && k < length; k++) same = text[foot + k] === text[before + k]
    if (!same) names++
    order[feet + (foot >> 1)] = names
    before = foot
    lengthBefore = length
  }
  return names
}
