import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sortSuffixes } from './suffix-array-sort.ts'

/** By comparing symbol after symbol; the shorter of two suffixes that agree comes first. */
const byHand = (text: number[]): number[] =>
  [...text.keys()].sort((a, b) => {
    for (let i = 0; ; i++) {
      if (a + i >= text.length || b + i >= text.length) return b - a
      if (text[a + i] !== text[b + i]) return text[a + i]! - text[b + i]!
    }
  })

it('sorts the suffixes of banana', () => {
  expect([...sortSuffixes(Uint16Array.from([1, 0, 2, 0, 2, 0]), 3)]).toEqual([5, 3, 1, 0, 4, 2])
})

it('sorts the suffixes of any text, of few symbols or many', () => {
  for (const symbols of [1, 2, 3, 50])
    fc.assert(
      fc.property(fc.array(fc.nat(symbols - 1), { maxLength: 40 }), text => {
        expect([...sortSuffixes(Uint16Array.from(text), symbols)]).toEqual(byHand(text))
      }),
    )
})

it('sorts texts that repeat themselves, where the recursion goes deep', () => {
  const fibonacci = (n: number): number[] => (n < 2 ? [n] : [...fibonacci(n - 1), ...fibonacci(n - 2)])
  for (const text of [fibonacci(12), new Array(200).fill([0, 1, 1]).flat(), new Array(300).fill(0)])
    expect([...sortSuffixes(Uint32Array.from(text), 2)]).toEqual(byHand(text))
})
