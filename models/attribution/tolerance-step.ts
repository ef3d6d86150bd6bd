import { type Bound, deviations } from './tolerance.ts'
import { productBound } from './tolerance-bounds.ts'
import type { RowErrors } from './tolerance-rows.ts'
import { type BlockErrors, type Figure, type Question, sumsPerBlock, total } from './tolerance-sides.ts'

/**
 * How far the floats of one y_i = (F + lambda)^-1 z_i may be off, as the norm of a block: by dz_i and the rows' part in F along
 * a_j z_j, where the inverse is at most 1 / lambda; by the part of F along y_i, where (F + lambda)^-1 Z^T / n is at most
 * 1 / (2 sqrt(n lambda)); by lambda, and by solving. `likely` is for one deviation.
 * @param figure the row's own, whose sums over a_j are known
 */
export const driftOf = (
  { width, lambda, one, reach, damping, solved, spread }: BlockErrors,
  { norms, tops, sums }: Figure,
  b: number,
  n: number,
  floats: number,
): Bound => {
  const at = b * sumsPerBlock
  const [long, squares, flips, whole] = [sums[at]!, sums[at + 1]!, sums[at + 2]!, sums[at + 4]!]
  const [y, side] = [norms[b]!, Math.sqrt(width)]
  const evenly = y > 0 ? tops[b]! / y : 0
  const through = y / (2 * Math.sqrt(n * lambda))
  return {
    likely:
      Math.sqrt(one ** 2 * squares + 2 * one * side * flips) / lambda +
      through * Math.sqrt(one ** 2 * spread.squares + 2 * one * evenly * spread.flips) +
      (damping.one + Math.sqrt(damping.flips)) * y +
      side * solved * floats,
    worst:
      (reach * long + side * whole) / lambda +
      through * Math.sqrt(spread.worst) +
      damping.reach * y +
      deviations * side * solved * floats,
  }
}

/**
 * Relative error of alpha = sum z^T y / sum y^T (F + Lambda) y over the sample. Above stand products of a row with itself. Below,
 * y^T F y = sum_j (z_j . y)^2 / n differs by 2 / n v . y with v = sum_j (z_j . y) z_j held fast: a product like any other; lambda |y|^2 differs
 * by lambda and by how far y may be off. All rows' are added up.
 * @param combine the rows' sum with these coefficients, as a question
 */
export const stepBound = (
  { blocks, figures, norms, steps, ySteps, drifts, sample }: RowErrors,
  combine: (coefficients: Float64Array) => Question,
): Bound => {
  const n = figures.length
  let [along, curved] = [0, 0]
  const above = { worst: 0, likely: 0 }
  const below = { worst: 0, likely: 0 }
  for (const { row, products, drifts: worst } of sample) {
    const figure = figures[row]!
    const own = {
      norms: Float64Array.from(norms, block => block[row]!),
      tops: Float64Array.from(steps, block => 127 * block[row]!),
    }
    along += products[row]!
    const itself = productBound(blocks, figure, { ...figure, own, isRow: true })
    above.worst += itself.worst
    above.likely += itself.likely
    curved += total(n, j => products[j]! ** 2) / n
    const all = productBound(blocks, figure, combine(products))
    below.worst += (2 * all.worst) / n
    below.likely += (2 * all.likely) / n
    for (const [b, { lambda, width, damping }] of blocks.entries()) {
      const y = figure.norms[b]!
      const step = Math.sqrt(width) * ySteps[b]![row]!
      const drift = drifts[b]![row]!
      curved += lambda * y * y
      below.worst += lambda * y * (2 * (worst[b]! + step) + damping.reach * y)
      // A value's flips have the mean square of a step times what it is off by.
      const flips = deviations * Math.sqrt(Math.min(2 * step * drift, step ** 2 / 4))
      below.likely += lambda * y * (deviations * (2 * drift + damping.one * y) + 2 * flips)
    }
  }
  if (!(along > 0) || !(curved > 0)) return { worst: 0, likely: 0 }
  const sum = (of: keyof Bound) => above[of] / along + below[of] / curved
  return { worst: sum('worst'), likely: Math.min(sum('worst'), sum('likely')) }
}
