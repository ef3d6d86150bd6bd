import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isFault } from '../infra/errors.ts'
import {
  type EmbeddingRecipe,
  openEmbeddingGradient,
  type TokenPair,
  trainEmbedding,
} from './embedding-training.ts'
import { initialLora, loraLayout } from './lora.ts'
import { type Model, openModel } from './model.ts'

const recipe: EmbeddingRecipe = {
  rank: 2,
  alpha: 4,
  targets: ['q_proj', 'down_proj'],
  epochs: 4,
  batch: 6,
  learningRate: 1e-2,
  weightDecay: 0.01,
  epsilon: 1e-12,
  seed: 3,
  temperature: 0.1,
}

/** Learnable: both texts of a pair draw their tokens from the same few. */
const pairs: TokenPair[] = Array.from({ length: 12 }, (_, i) => {
  const text = (step: number, length: number): number[] =>
    Array.from({ length }, (_, t) => 3 + i * 20 + ((t * step) % 15))
  return {
    kind: i % 2 ? 'odd' : 'even',
    left: text(4, 3 + (i % 4)),
    right: text(7, 9 - (i % 5)),
    documents: [`${i}`],
  }
})

let model: Model
beforeAll(async () => {
  model = await openModel(join(import.meta.dirname, 'golden/llama-tied/base'), 1)
})
afterAll(() => model.close())

/** An adapter whose both sides are in use. */
function someAdapter(): { layout: ReturnType<typeof loraLayout>; flat: Float32Array } {
  const layout = loraLayout(model.config, recipe)
  const flat = initialLora(layout, 5).map((value, i) => value + 0.1 * Math.sin(i))
  return { layout, flat }
}

async function lossAt(
  flat: Float32Array,
  places?: number,
): Promise<{ loss: number; gradient: Float32Array }> {
  const { layout } = someAdapter()
  const step = await openEmbeddingGradient(model, layout, recipe.temperature, places)
  const { loss, gradient } = await step.gradient(pairs, flat, await model.merge(layout, flat))
  await step.close()
  return { loss, gradient: gradient.slice() }
}

test('the gradient by the adapter agrees with finite differences of the loss of the batch', async () => {
  const { layout, flat } = someAdapter()
  const { gradient } = await lossAt(flat)
  const h = 5e-3
  for (const { aOffset, bOffset } of layout.parts) {
    for (const at of [aOffset + 1, bOffset + 2]) {
      const moved = (by: number) => lossAt(flat.with(at, flat[at]! + by))
      const slope = ((await moved(h)).loss - (await moved(-h)).loss) / (2 * h)
      expect(Math.abs(gradient[at]! - slope)).toBeLessThan(1e-3 + 1e-2 * Math.abs(slope))
    }
  }
})

test('a batch in many small parts has the gradient of the batch in one', async () => {
  const { flat } = someAdapter()
  const [whole, parts] = [await lossAt(flat), await lossAt(flat, 20)]
  expect(parts.loss).toBe(whole.loss)
  const largest = Math.max(...whole.gradient.map(Math.abs))
  expect(largest).toBeGreaterThan(1e-3)
  for (const [i, value] of whole.gradient.entries())
    expect(Math.abs(parts.gradient[i]! - value)).toBeLessThan(1e-5 * largest)
})

test('training lowers the loss, and the same training gives the same adapter', async () => {
  const losses: number[] = []
  const first = await trainEmbedding(model, pairs, recipe, (_, __, loss) => losses.push(loss))
  expect(await trainEmbedding(model, pairs, recipe)).toEqual(first)
  expect(losses).toHaveLength(8)
  const { layout } = someAdapter()
  const start = await lossAt(initialLora(layout, recipe.seed))
  expect((await lossAt(first)).loss).toBeLessThan(start.loss)
})

test('fewer than two pairs are refused: there is nothing to contrast', async () => {
  const error = await trainEmbedding(model, pairs.slice(0, 1), recipe).catch((cause: unknown) => cause)
  expect(isFault(error, 'no-examples')).toBe(true)
})
