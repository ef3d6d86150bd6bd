import { expect, test } from 'vitest'
import { contrastiveLoss, type EmbeddedPair } from './contrastive-loss.ts'

const wave = (from: number, dim = 4): Float32Array =>
  Float32Array.from({ length: dim }, (_, d) => Math.sin(1 + from * 1.7 + d * 2.3) / 2)
const pair = (index: number, ...documents: string[]): EmbeddedPair => ({
  left: wave(index),
  right: wave(index + 10),
  documents,
})

test('the gradient agrees with finite differences, also where pairs are excluded', () => {
  const pairs = [pair(0, 'a'), pair(1, 'b'), pair(2, 'c', 'a'), pair(3, 'd')]
  const exact = contrastiveLoss(pairs, 0.3)
  const h = 1e-3
  for (const side of ['left', 'right'] as const) {
    for (const [i, one] of pairs.entries()) {
      for (let d = 0; d < 4; d++) {
        const moved = (by: number): number => {
          const vector = one[side].slice()
          vector[d]! += by
          return contrastiveLoss(pairs.with(i, { ...one, [side]: vector }), 0.3).loss
        }
        expect(exact[side][i]![d]!).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 3)
      }
    }
  }
})

test('pairs that tell nothing apart lose log of the batch', () => {
  const same = wave(0)
  const pairs = ['a', 'b', 'c'].map(name => ({ left: same, right: same, documents: [name] }))
  expect(contrastiveLoss(pairs, 0.05).loss).toBeCloseTo(Math.log(3), 6)
})

test('pairs of one document are no negatives of each other', () => {
  const pairs = [pair(0, 'a', 'x'), pair(1, 'b', 'x')]
  const { loss, left, right } = contrastiveLoss(pairs, 0.05)
  expect(loss).toBeCloseTo(0, 12)
  for (const gradient of [...left, ...right]) expect(Math.hypot(...gradient)).toBeCloseTo(0, 12)
})

test('cosines that a small temperature makes huge stay finite', () => {
  const one = Float32Array.of(1, 0)
  const other = Float32Array.of(-1, 0)
  const { loss } = contrastiveLoss(
    [
      { left: one, right: other, documents: ['a'] },
      { left: other, right: one, documents: ['b'] },
    ],
    1e-4,
  )
  expect(loss).toBeCloseTo(20_000, 3)
})
