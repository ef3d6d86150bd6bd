import { fault } from './errors.ts'

declare const units: unique symbol
/** An amount in the token's smallest unit (10^-6 token). Branded so that a count of rows or a float cannot pass for money. */
export type Units = bigint & { readonly [units]: true }

export const DECIMALS = 6
const ONE = 10n ** BigInt(DECIMALS)

/** Brands an integer amount of smallest units. Throws `units-negative` below zero: money moves by direction, not by sign. */
export const asUnits = (amount: bigint): Units => {
  if (amount < 0n)
    throw fault('units-negative', `An amount of ${amount} units is negative.`, {
      fix: 'Swap payer and receiver.',
      blame: 'ours',
    })
  return amount as Units
}

/** Reads `12.5` as 12,500,000 units. Throws `units-unreadable` on anything but a plain decimal with at most six places. */
export const parseUnits = (text: string): Units => {
  const match = /^(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text.trim())
  if (match === null)
    throw fault('units-unreadable', `"${text.slice(0, 40)}" is not an amount.`, {
      fix: 'Write a number with at most six decimals, such as 12.5.',
    })
  return asUnits(BigInt(match[1] ?? '0') * ONE + BigInt((match[2] ?? '').padEnd(DECIMALS, '0')))
}

/** Writes 12,500,000 units as `12.5`. */
export const formatUnits = (amount: bigint): string => {
  const sign = amount < 0n ? '-' : ''
  const positive = amount < 0n ? -amount : amount
  const fraction = (positive % ONE).toString().padStart(DECIMALS, '0').replace(/0+$/, '')
  return `${sign}${positive / ONE}${fraction === '' ? '' : `.${fraction}`}`
}

/**
 * Divides `total` by non-negative integer weights without losing a unit: each part is floored, and what is left goes,
 * one unit each, to the largest remainders (ties: the earlier part). All-zero weights give all-zero parts.
 */
export const splitUnits = (total: bigint, weights: readonly bigint[]): Units[] => {
  const sum = weights.reduce((all, weight) => all + weight, 0n)
  if (sum === 0n) return weights.map(() => asUnits(0n))
  const parts = weights.map(weight => (total * weight) / sum)
  const order = weights
    .map((weight, index) => ({ index, remainder: (total * weight) % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
  let left = total - parts.reduce((all, part) => all + part, 0n)
  for (const { index } of order) {
    if (left === 0n) break
    parts[index] = (parts[index] ?? 0n) + 1n
    left -= 1n
  }
  return parts.map(asUnits)
}
