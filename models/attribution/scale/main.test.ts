import { expect, it } from 'vitest'
import { answer, row, rows } from './corpus.ts'
import { growth } from './main.ts'
import { measure } from './measure.ts'

it('reads the exponent of a power law', () => {
  const sizes = [10, 100, 1000]
  expect(
    growth(
      sizes,
      sizes.map(size => 3 * size ** 1.5),
    ),
  ).toBeCloseTo(1.5, 10)
})

it('makes the same rows and answers every time', () => {
  expect([...rows(5, 7)]).toEqual([row(5), row(6)])
  expect(row(5)).not.toEqual(row(6))
  expect(answer(3, 100)).toEqual(answer(3, 100))
})

it('finds the passages that the answers copy', async () => {
  const { rows, tokens, spans } = await measure(200)
  expect(rows).toBe(200)
  expect(tokens).toBeGreaterThan(200 * 31)
  // 100 of the 200 answers hold three passages each; sentences cut some in two and chance passages add few.
  expect(spans).toBeGreaterThan(250)
  expect(spans).toBeLessThan(1200)
})
