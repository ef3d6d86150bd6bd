import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Model, openModel } from '../model.ts'
import { Forward, startSequence } from './forward.ts'
import { packWeights, type ServedWeights } from './packed-weights.ts'

let model: Model
beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, '../golden/llama-untied-qv/base'), 1)
})
afterAll(() => model.close())

const tokens = Array.from({ length: 20 }, (_, i) => 3 + ((i * 37) % 300))

/** Size of the difference over the size of the true logits. */
async function lossOf(kind: ServedWeights): Promise<number> {
  const want = await startSequence(model, model.weights).feed(tokens)
  const forward = new Forward(model, packWeights(model.config, model.weights, kind))
  forward.keyValues.reserve(1, tokens.length, [])
  const got = await forward.run({ from: 0, tokens: [tokens], past: [0], banked: false })
  const difference = want.map((value, i) => value - got[i]!)
  return Math.hypot(...difference) / Math.hypot(...want)
}

test('packed float32 weights move nothing', async () => {
  expect(await lossOf('float32')).toBeLessThan(1e-6)
})

test('int8 weights move the logits by a few hundredths of their size, int4 weights by less than half of it', async () => {
  const [eight, four] = [await lossOf('int8'), await lossOf('int4')]
  expect(eight).toBeGreaterThan(0)
  expect(eight).toBeLessThan(0.05)
  expect(four).toBeGreaterThan(eight)
  expect(four).toBeLessThan(0.5)
})

test('packed weights take the bytes of their bits and of a scale for 32 weights', () => {
  const { heads, headDim, kvHeads, dim, hidden, layers, vocabulary } = model.config
  const layer = 2 * dim * heads * headDim + 2 * dim * kvHeads * headDim + 3 * dim * hidden
  const count = layers * layer + vocabulary * dim
  expect(packWeights(model.config, model.weights, 'int8')!.bytes).toBe(count + count / 8)
  expect(packWeights(model.config, model.weights, 'int4')!.bytes).toBe(count / 2 + count / 8)
})
