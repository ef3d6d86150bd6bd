import { type Calibration, type Design, type Observed, posterior, prepare } from './posterior.ts'

/** Two-sided 90% point of the standard normal distribution. */
export const z90 = 1.6449

/** Parts that are left out in turn. */
const folds = 8

/**
 * Factor by which 90% intervals must be widened so that they hold: each part of the subsets is predicted from the others, and the
 * factor is the 90% quantile of the errors in units of their predicted deviation, over that of the normal distribution
 * (cross-conformal prediction, Vovk 2015). Complements stay in one part: together they would give each other away.
 * Never under 1: outcomes that vary less than foreseen say nothing of the effects. Requires 16 subsets.
 */
export const conformalFactor = async (
  design: Design,
  calibration: Calibration,
  observed: readonly Observed[],
): Promise<number> => {
  const foldOf = (member: number) => (member >>> 1) % folds
  const errors: number[] = []
  for (let fold = 0; fold < folds; fold++) {
    const inside = [...design.subsets.keys()].filter(m => foldOf(m) !== fold)
    const outside = [...design.subsets.keys()].filter(m => foldOf(m) === fold)
    const part = await posterior(
      prepare({ ...design, subsets: inside.map(m => design.subsets[m]!) }),
      calibration,
    )
    for (const { outcomes, features } of observed) {
      const known = Float64Array.from(inside, m => outcomes[m]!)
      const mean = known.reduce((sum, value) => sum + value, 0) / known.length
      for (const m of outside) {
        const guess = part.predict({ outcomes: known, features }, design.subsets[m]!)
        if (guess.variance > 0)
          errors.push(Math.abs(outcomes[m]! - mean - guess.mean) / Math.sqrt(guess.variance))
      }
    }
  }
  if (errors.length === 0) return 1
  errors.sort((a, b) => a - b)
  const at = Math.min(errors.length - 1, Math.ceil(0.9 * (errors.length + 1)) - 1)
  return Math.max(1, errors[at]! / z90)
}
