import { sumsByCluster } from './clusters.ts'
import { z90 } from './conformal.ts'
import type { Ensemble } from './ensemble.ts'
import type { PayRow } from './pay.ts'
import type { Asked, Bound, Tolerance } from './tolerance.ts'

/** One answer of a calibrated release as `payTable` divides it. */
export interface DividedByEffects {
  readonly rows: readonly PayRow[]
  readonly influence: ArrayLike<number>
  /** Nats under each subset adapter, and the difference allowed in each; length members. */
  readonly outcomes: Float64Array
  readonly outcomesWithin: ArrayLike<number>
  readonly gain: number
  readonly gainWithin: number
  /** Nats that the adapter gained over the base. */
  readonly gamma: number
  readonly gammaWithin: number
  /** Smallest units that the answer's data share has: pots are whole units. */
  readonly dataUnits: number
}

/** Differences allowed in an account's share, and in each end of its interval. */
export interface ShareBound {
  readonly share: number
  readonly ends: number
}

/**
 * Derivatives of the effects by each outcome and by each cluster's sum of influence, by central differences: the effects are
 * smooth, but not quite linear, as guess and deviation are scaled by the outcomes' spread. 2 (members + clusters) posteriors.
 */
export const effectSlopes = (ensemble: Ensemble, outcomes: Float64Array, influence: ArrayLike<number>) => {
  const { count, of } = ensemble.clustering
  const effects = (nats: Float64Array, tau: Float64Array) => ensemble.effects({ nats, influence: tau })
  const tau = Float64Array.from(influence)
  const sums = sumsByCluster(tau, ensemble.clustering)
  const mean = outcomes.reduce((sum, value) => sum + value, 0) / outcomes.length
  const spread = Math.hypot(...outcomes.map(value => value - mean)) / Math.sqrt(outcomes.length)
  const size = Math.hypot(...sums) / Math.sqrt(Math.max(1, count))
  const [step, tauStep] = [1e-4 * spread || 1e-6, 1e-4 * size || 1e-6]
  const over = (a: Float64Array, b: Float64Array, by: number) => a.map((value, c) => (value - b[c]!) / by)
  const moved = (values: Float64Array, at: number, by: number) => values.with(at, values[at]! + by)
  const byOutcome = Array.from(outcomes, (_, m) => {
    const up = effects(moved(outcomes, m, step), tau)
    const down = effects(moved(outcomes, m, -step), tau)
    return {
      mean: over(up.mean, down.mean, 2 * step),
      deviation: over(up.deviation, down.deviation, 2 * step),
    }
  })
  const bySum = Array.from({ length: count }, (_, cluster) => {
    const row = of.indexOf(cluster)
    if (row < 0) return new Float64Array(count)
    const up = effects(outcomes, moved(tau, row, tauStep))
    const down = effects(outcomes, moved(tau, row, -tauStep))
    return over(up.mean, down.mean, 2 * tauStep)
  })
  return { byOutcome, bySum, effects: effects(outcomes, tau) }
}

const dot = (a: ArrayLike<number>, b: Float64Array): number =>
  b.reduce((sum, value, i) => sum + value * a[i]!, 0)

/**
 * Difference allowed in each account's share x and the ends x -/+ 1.645 s of its interval. With effects m_c and deviations d_c
 * of the clusters, P the sum of positive effects, D = max(gamma, P), and f_c the account's part of cluster c among canonical
 * rows with positive influence (sum s_c), over clusters with m_c > 0
 *     x = gain / D sum_c m_c f_c,    s = gain / D |f_c d_c|,
 * so that the slopes by m, d and the rows' influence follow in closed form; those of m and d by the outcomes and by the clusters'
 * influence are taken numerically (`effectSlopes`). Outcomes are measured each by an adapter of its own, so their roundings are
 * independent: the root of their summed squares. Influence has its likely bound. To first order; where a figure may pass a kink
 * (an effect, a row's influence or P - gamma may change its sign) the whole of what hangs on it is added.
 */
export const ensembleShareTolerance = (
  ensemble: Ensemble,
  divided: DividedByEffects,
  asked: Asked,
  tolerance: Tolerance,
  bounds: readonly Bound[],
): ((account: string) => ShareBound) => {
  const { rows, influence, outcomes, outcomesWithin, gain, gainWithin, gamma, gammaWithin } = divided
  const { count, of } = ensemble.clustering
  const { byOutcome, bySum, effects } = effectSlopes(ensemble, outcomes, influence)
  const { mean, deviation } = effects

  const figure = (byMean: Float64Array, byDeviation: Float64Array, direct: ArrayLike<number> | null) => {
    const measured = byOutcome.map(
      (by, m) => outcomesWithin[m]! * (dot(byMean, by.mean) + dot(byDeviation, by.deviation)),
    )
    const sums = bySum.map(by => dot(byMean, by))
    const slopes = Float64Array.from(of, (cluster, i) => sums[cluster]! + (direct?.[i] ?? 0))
    return Math.hypot(...measured) + tolerance.figure(asked, slopes).likely
  }
  const none = new Float64Array(count)
  const within = mean.map((_, c) => figure(none.with(c, 1), none, null))
  const positive = mean.reduce((sum, value) => sum + Math.max(0, value), 0)
  const positiveWithin = figure(
    mean.map(value => (value > 0 ? 1 : 0)),
    none,
    null,
  )
  const most = Math.max(gamma, positive)
  const nearMost = Math.abs(positive - gamma) <= positiveWithin + gammaWithin
  const mostWithin = nearMost ? positiveWithin + gammaWithin : positive > gamma ? 0 : gammaWithin

  const [divisors, crossing] = [new Float64Array(count), new Float64Array(count)]
  const canonical = new Uint32Array(count)
  for (const [i, row] of rows.entries()) {
    if (!row.canonical) continue
    const c = of[i]!
    canonical[c] = canonical[c]! + 1
    divisors[c] = divisors[c]! + Math.max(0, influence[i]!)
    if (Math.abs(influence[i]!) < bounds[i]!.likely) crossing[c] = crossing[c]! + bounds[i]!.likely
  }
  // How far a part of a cluster may jump because of rows that pass zero.
  const jump = crossing.map((sum, c) => (sum === 0 ? 0 : Math.min(1, (2 * sum) / divisors[c]!)))

  return account => {
    if (!(most > 0) || !(gain > 0)) return { share: 1, ends: 1 }
    const [parts, touched] = [new Float64Array(count), new Uint8Array(count)]
    for (const [i, row] of rows.entries()) {
      if (row.account !== account || !row.canonical || row.withdrawn) continue
      const c = of[i]!
      touched[c] = 1
      parts[c] =
        parts[c]! + (divisors[c]! > 0 ? Math.max(0, influence[i]!) / divisors[c]! : 1 / canonical[c]!)
    }
    const perNat = gain / most
    const paid = mean.map((value, c) => (value > 0 ? parts[c]! : 0))
    const spread = perNat * Math.hypot(...paid.map((part, c) => part * deviation[c]!))
    const share = perNat * dot(paid, mean)
    /** Slope of a figure by the parts f_c, as slopes by the rows' influence. */
    const byRows = (byPart: Float64Array) =>
      rows.map((row, i) => {
        const c = of[i]!
        if (!row.canonical || !(influence[i]! > 0) || !(mean[c]! > 0)) return 0
        return (byPart[c]! * ((row.account === account ? 1 : 0) - parts[c]!)) / divisors[c]!
      })
    const divisorSlope = (value: number) =>
      mean.map(effect => (effect > 0 && positive > gamma ? -value / most : 0))
    const shareSlopes = divisorSlope(share).map((slope, c) => slope + perNat * paid[c]!)
    const ofShare = figure(shareSlopes, none, byRows(mean.map(value => perNat * value)))
    const perSpread = (value: number) => (spread > 0 ? (perNat * perNat * value) / spread : 0)
    const ofSpread = figure(
      divisorSlope(spread),
      paid.map((part, c) => perSpread(part * part * deviation[c]!)),
      byRows(paid.map((part, c) => perSpread(part * deviation[c]! ** 2))),
    )
    let [shareKinks, spreadKinks] = [0, 0]
    for (let c = 0; c < count; c++) {
      const crosses = Math.abs(mean[c]!) < within[c]!
      if (crosses) {
        shareKinks += perNat * within[c]! * (parts[c]! + share / gain)
        spreadKinks += perNat * (parts[c]! * deviation[c]! + (within[c]! * spread) / gain)
      }
      if (touched[c] === 0 || !(mean[c]! > 0 || crosses)) continue
      shareKinks += perNat * Math.max(mean[c]!, within[c]!) * jump[c]!
      spreadKinks += perNat * deviation[c]! * jump[c]!
    }
    const relative = gainWithin / gain + mostWithin / most
    const rounded = 1 / Math.max(1, divided.dataUnits) + 1e-9
    const shareWithin = ofShare + shareKinks + share * relative + rounded
    return {
      share: shareWithin,
      ends: shareWithin + z90 * (ofSpread + spreadKinks + spread * relative + rounded),
    }
  }
}
