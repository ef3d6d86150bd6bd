import type { PayRow } from './pay.ts'
import type { Bound, Tolerance } from './tolerance.ts'

export interface Nats {
  unigram: number
  base: number
  adapter: number
}

/**
 * Difference allowed in a gain (base - adapter) / (unigram - adapter) when each loss may differ by its tolerance: the sum of
 * its slopes times those. Clipping never widens a difference.
 */
export const gainTolerance = (nats: Nats, within: Nats): number => {
  const room = Math.abs(nats.unigram - nats.adapter)
  if (room === 0) return 1
  const slope = {
    base: 1 / room,
    adapter: Math.abs(nats.unigram - nats.base) / room ** 2,
    unigram: Math.abs(nats.base - nats.adapter) / room ** 2,
  }
  return slope.base * within.base + slope.adapter * within.adapter + slope.unigram * within.unigram
}

export interface Divided {
  rows: readonly PayRow[]
  influence: ArrayLike<number>
  gain: number
  gainWithin: number
  /** Smallest units that the answer's data share has: pots are whole units. */
  dataUnits: number
}

/**
 * Difference allowed in each account's share of one answer. With cluster sums b_c, their positive parts' sum P, and f_c the
 * account's part of cluster c among canonical rows with positive influence (sum s_c), its share is
 * x = gain sum_c max(0, b_c) f_c / P, so for a row i of a cluster with b_c > 0
 *     dx / dtau_i = gain [ (f_c - x / gain) / P + (b_c / P) ((i is the account's) - f_c) / s_c ],
 * the second part for canonical rows with positive influence. The bound of that figure is the likely one of
 * `influenceTolerance`. Positive parts bend at zero: where a row or a cluster with the bound w may pass it, |max(0, t + d) - max(0, t)|
 * is off the slope's by w - |t| at most. A cluster's e_c of it counts in numerator and P; the rows' in f_c alone, and only where
 * their cluster has a positive sum.
 */
export const shareTolerance = (
  divided: Divided,
  asked: Parameters<Tolerance['figure']>[0],
  tolerance: Tolerance,
  bounds: readonly Bound[],
): ((account: string) => number) => {
  const { rows, influence, gain, gainWithin, dataUnits } = divided
  const sums = new Map<number, { all: number; canonical: number; within: number; bent: number }>()
  for (const [i, { cluster, canonical }] of rows.entries()) {
    const known = sums.get(cluster) ?? { all: 0, canonical: 0, within: 0, bent: 0 }
    const { likely } = bounds[i]!
    known.all += influence[i]!
    known.within += likely
    if (canonical) {
      known.canonical += Math.max(0, influence[i]!)
      known.bent += Math.max(0, likely - Math.abs(influence[i]!))
    }
    sums.set(cluster, known)
  }
  const positive = [...sums.values()].reduce((total, { all }) => total + Math.max(0, all), 0)
  let crossing = 0
  for (const { all, canonical, within, bent } of sums.values()) {
    const own = Math.max(0, within - Math.abs(all))
    const paid = Math.max(0, all) + own
    crossing += 2 * own + (bent === 0 ? 0 : paid * Math.min(1, bent / canonical))
  }
  return account => {
    if (!(positive > 0)) return 1
    const parts = new Map<number, number>()
    for (const [i, row] of rows.entries()) {
      if (row.account !== account || !row.canonical || row.withdrawn || !(influence[i]! > 0)) continue
      const of = sums.get(row.cluster)!.canonical
      parts.set(row.cluster, (parts.get(row.cluster) ?? 0) + influence[i]! / of)
    }
    let part = 0
    for (const [cluster, f] of parts) part += (Math.max(0, sums.get(cluster)!.all) * f) / positive
    const slopes = rows.map((row, i) => {
      const { all, canonical } = sums.get(row.cluster)!
      if (!(all > 0)) return 0
      const f = parts.get(row.cluster) ?? 0
      const divides = row.canonical && influence[i]! > 0
      const own = divides ? (all * ((row.account === account ? 1 : 0) - f)) / canonical : 0
      return (gain * (f - part + own)) / positive
    })
    const rounded = 1 / Math.max(1, dataUnits) + 1e-9
    return tolerance.figure(asked, slopes).likely + part * gainWithin + (gain * crossing) / positive + rounded
  }
}
