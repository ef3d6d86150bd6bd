import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Model, openModel } from '../model.ts'
import { startSequence } from './forward.ts'

let model: Model
beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/qwen3/base'), 1)
})
afterAll(() => model.close())

/** Past one cache block, so that the cache grows on the way. */
const tokens = Array.from({ length: 100 }, (_, i) => 3 + ((i * 37) % 300))

test('decoding with the cache equals computing the whole sequence again', async () => {
  const whole = await startSequence(model, model.weights).feed(tokens)
  const pieces = [
    tokens.slice(0, 7),
    tokens.slice(7, 8),
    tokens.slice(8, 70),
    ...tokens.slice(70).map(token => [token]),
  ]
  const sequence = startSequence(model, model.weights)
  let last = new Float32Array()
  for (const piece of pieces) last = Float32Array.from(await sequence.feed(piece))
  expect(sequence.length).toBe(100)
  const scale = Math.max(...whole.map(Math.abs))
  for (const [i, want] of whole.entries()) expect(Math.abs(last[i]! - want)).toBeLessThan(1e-5 * scale)
})

test('sequences do not see each other', async () => {
  const start = () => startSequence(model, model.weights)
  const [alone, mixed, other] = [start(), start(), start()]
  await alone.feed([5, 6])
  const want = await alone.feed([7])
  await mixed.feed([5, 6])
  await other.feed([99, 98, 97])
  expect(await mixed.feed([7])).toEqual(want)
})
