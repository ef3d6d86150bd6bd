import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from './errors.ts'
import { asUnits, formatUnits, parseUnits, splitUnits } from './units.ts'

describe('units', () => {
  it('are read and written without losing any', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        amount => parseUnits(formatUnits(amount)) === amount,
      ),
    )
  })

  it.each(['', '-1', '1.1234567', '1e3', '1,5', ' ', '١'])('refuse %j with a fix', text => {
    expect(() => parseUnits(text)).toThrow(
      expect.objectContaining({ code: 'units-unreadable', fix: expect.any(String) }),
    )
  })

  it('are never negative', () => {
    expect(() => asUnits(-1n)).toThrow(expect.objectContaining({ code: 'units-negative' }))
  })

  it('are divided without losing one, each part within one unit of its exact share', () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 9n }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), weights, (total, parts) => {
        const sum = parts.reduce((all, part) => all + part, 0n)
        const split = splitUnits(total, parts)
        if (sum === 0n) return split.every(part => part === 0n)
        const exact = split.every((part, at) => {
          const floor = (total * (parts[at] ?? 0n)) / sum
          return part === floor || part === floor + 1n
        })
        return exact && split.reduce((all, part) => all + part, 0n) === total
      }),
    )
  })

  it('give the odd unit to the largest remainder, the earlier one on a tie', () => {
    expect(splitUnits(10n, [1n, 1n, 1n])).toEqual([4n, 3n, 3n])
    expect(splitUnits(7n, [1n, 2n, 2n])).toEqual([1n, 3n, 3n])
  })
})

describe('a fault', () => {
  it('is told by its code', () => {
    try {
      parseUnits('x')
    } catch (error) {
      expect(isFault(error, 'units-unreadable')).toBe(true)
      expect(isFault(error, 'units-negative')).toBe(false)
    }
  })
})
