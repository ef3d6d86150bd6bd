import { learningRate } from '../../training/schedule.ts'

/**
 * Share of a training's summed learning rate that each kept checkpoint stands for: that of the steps since the one before it.
 * @param kept steps after which they were kept, counted from 1, ascending; what comes after the last one counts for none
 * @returns one share a checkpoint; they sum to 1 where the last is kept after the last step
 */
export const learningRateMass = (kept: readonly number[], steps: number, peak: number): Float64Array => {
  const rates = Float64Array.from({ length: steps }, (_, step) => learningRate(step, steps, peak))
  const sum = (from: number, to: number) => rates.subarray(from, to).reduce((total, rate) => total + rate, 0)
  const whole = sum(0, steps)
  return Float64Array.from(kept, (step, i) => sum(kept[i - 1] ?? 0, step) / whole)
}
