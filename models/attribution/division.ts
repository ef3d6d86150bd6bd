/** A training row as pay sees it. */
export interface PayRow {
  account: string
  /** Near-duplicate cluster: only its first-seen rows earn. */
  cluster: number
  /** False for a near-copy of an earlier row: it earns nothing. */
  canonical: boolean
  /** A row that was withdrawn earns nothing, and its part goes to nobody else: the model still holds it. */
  withdrawn?: boolean
}

/**
 * Divides each player's amount among its canonical rows by their positive values; where none of them has one (a near-copy
 * carried the player) evenly among them, and a player of near-copies alone gets nothing.
 * @param players which player each row belongs to
 */
export const divideAmong = (
  amounts: ArrayLike<number>,
  values: ArrayLike<number>,
  players: ArrayLike<number>,
  rows: readonly PayRow[],
): Float64Array => {
  const sums = new Float64Array(amounts.length)
  const canonical = new Uint32Array(amounts.length)
  for (const [i, row] of rows.entries()) {
    if (!row.canonical) continue
    const player = players[i]!
    canonical[player] = canonical[player]! + 1
    sums[player] = sums[player]! + Math.max(0, values[i]!)
  }
  return Float64Array.from(rows, (row, i) => {
    const player = players[i]!
    if (!row.canonical || row.withdrawn || !(amounts[player]! > 0)) return 0
    const part = sums[player]! > 0 ? Math.max(0, values[i]!) / sums[player]! : 1 / canonical[player]!
    return amounts[player]! * part
  })
}

/** Largest remainder over float weights, exact in integers: weights become parts of 2^52. Ties go to the earlier one. */
export const splitByWeight = (total: bigint, weights: Float64Array): bigint[] => {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (total === 0n || !(sum > 0)) return Array.from(weights, () => 0n)
  const parts = Array.from(weights, weight => BigInt(Math.floor((weight / sum) * 2 ** 52)))
  const all = parts.reduce((a, b) => a + b, 0n)
  const units = parts.map(part => (total * part) / all)
  let left = total - units.reduce((a, b) => a + b, 0n)
  const order = parts
    .map((part, i) => ({ i, remainder: (total * part) % all }))
    .sort((a, b) => (a.remainder === b.remainder ? a.i - b.i : a.remainder < b.remainder ? 1 : -1))
  for (const { i } of order) {
    if (left === 0n) break
    units[i] = units[i]! + 1n
    left--
  }
  return units
}
