import { expect, test } from 'vitest'
import { centred, meanOf, normalised, retrieval } from './retrieval.ts'

const at = (degrees: number): Float32Array =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180))

test('a query is ranked by how many other texts are nearer than its own', () => {
  const candidates = [at(0), at(10), at(50), at(90)]
  const found = retrieval([at(2), at(30)], candidates, [0, 3], ['a', 'b', 'c', 'd'])
  expect(found).toEqual({
    queries: 2,
    candidates: 4,
    accuracy: 0.5,
    recallAt10: 1,
    reciprocalRank: (1 + 1 / 4) / 2,
  })
})

test('the same text under another number does not stand in the way, and a tie with another text does', () => {
  const candidates = [at(0), at(0), at(40)]
  expect(retrieval([at(0)], candidates, [1], ['a', 'a', 'c']).accuracy).toBe(1)
  expect(retrieval([at(0)], candidates, [1], ['a', 'b', 'c']).accuracy).toBe(0)
})

test('centred vectors have length 1 and lose what all have in common', () => {
  const vectors = [0, 10, 20].map(degrees => normalised(Float32Array.of(...at(degrees), 5)))
  const moved = centred(vectors, meanOf(vectors))
  for (const vector of moved) expect(Math.hypot(...vector)).toBeCloseTo(1, 6)
  expect(moved[0]![0]! * moved[2]![0]! + moved[0]![1]! * moved[2]![1]!).toBeLessThan(0)
})
