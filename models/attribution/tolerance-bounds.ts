import { type Bound, deviations } from './tolerance.ts'
import { flipBound } from './tolerance-flips.ts'
import { type BlockErrors, type Figure, type Question, sumsPerBlock } from './tolerance-sides.ts'

/** Terms of the likely bound that one root is taken of, over all blocks. */
interface Parts {
  worst: number
  /** Float errors of the passes, for one deviation. */
  passes: number
  /** Variance of the roundings of products and sums. */
  rounded: number
  /** Variance and largest term of the flips of int8. */
  flips: number
  top: number
}

/** Bounds of sum_b Y . z, without alpha and n. */
export const productBound = (blocks: readonly BlockErrors[], figure: Figure, question: Question): Bound => {
  const all: Parts = { worst: 0, passes: 0, rounded: 0, flips: 0, top: 0 }
  for (const [b, block] of blocks.entries()) addBlock(all, block, b, figure, question)
  const likely = deviations * (all.passes + Math.sqrt(all.rounded)) + flipBound(all.flips, all.top)
  return { worst: all.worst, likely: Math.min(all.worst, likely) }
}

const addBlock = (
  all: Parts,
  { width, lambda, byRows, one, reach, damping, summed, solved, largest, trace }: BlockErrors,
  b: number,
  { norms, tops, sums, stored }: Figure,
  asked: Question,
): void => {
  const at = b * sumsPerBlock
  const [long, squares, flips, top, whole] = [
    sums[at]!,
    sums[at + 1]!,
    sums[at + 2]!,
    sums[at + 3]!,
    sums[at + 4]!,
  ]
  const other = asked.sums
  const [long2, squares2, flips2] = [other[at]!, other[at + 1]!, other[at + 2]!]
  const [top2, whole2] = [other[at + 3]!, other[at + 4]!]
  const [across, y, across8, y8] = [norms[b]!, asked.norms[b]!, tops[b]!, asked.tops[b]!]
  const [z, z8] = [asked.own.norms[b]!, asked.own.tops[b]!]
  const side = Math.sqrt(width)
  const own = asked.isRow ? 0 : z * across
  const damped = lambda * y * across
  // Of the float32 sums whose matrix is factored: between rows, or between columns.
  const [sumsWorst, sumsLikely] = byRows
    ? [(long * long2) / lambda, Math.sqrt(2 * squares * squares2) / lambda]
    : [trace * y * across, Math.SQRT2 * largest * y * across]

  all.worst +=
    y * (reach * long + side * whole) +
    across * (reach * long2 + side * whole2) +
    reach * own +
    damping.reach * damped +
    deviations * summed * sumsWorst +
    z * side * (stored.whole[b]! + deviations * solved * stored.floats[b]!)

  all.passes +=
    one * Math.hypot(y * Math.sqrt(squares) + across * Math.sqrt(squares2), own) + damping.one * damped
  all.rounded += (summed * sumsLikely) ** 2 + (solved * z) ** 2 * stored.floatSquares[b]!
  const [a, t] = [Math.sqrt(flips), Math.sqrt(flips2)]
  all.flips +=
    2 * one * (a * y + t * across) * (a * y8 + t * across8) +
    damping.flips * damped ** 2 +
    // No element's variance is above s^2 / 4.
    Math.min(2 * stored.flips[b]! * z * z8, (stored.squares[b]! * z ** 2) / 4)
  all.top = Math.max(all.top, top * y8 + top2 * across8, stored.top[b]! * z8, damping.top * damped)
}
