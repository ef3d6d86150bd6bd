import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Adapter, tensorsOf } from './lora.ts'
import { feedsFor, type Model, openModel } from './model.ts'
import { apartFeeds, packExamples, type TokenExample } from './packing.ts'
import { readSafetensors, type StoredTensor } from './safetensors.ts'
import { floats } from './session.ts'

const golden = join(import.meta.dirname, 'golden')

/** Largest difference over largest value: the bar's relative error. */
function relative(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let difference = 0
  let scale = 0
  for (let i = 0; i < want.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - want[i]!))
    scale = Math.max(scale, Math.abs(want[i]!))
  }
  expect(got.length).toBe(want.length)
  return difference / scale
}

function examplesOf(tensors: ReadonlyMap<string, StoredTensor>): TokenExample[] {
  const [ids, attention, loss] = ['input_ids', 'attention_mask', 'loss_mask'].map(name => tensors.get(name)!)
  const [batch, time] = ids!.shape as [number, number]
  return Array.from({ length: batch }, (_, b) => {
    const row = ({ data }: StoredTensor): number[] => [...data.subarray(b * time, (b + 1) * time)]
    const length = row(attention!).reduce((sum, one) => sum + one, 0)
    return { tokens: row(ids!).slice(0, length), answerStart: row(loss!).indexOf(1), weight: 1 }
  })
}

describe.each(['llama-tied', 'llama-untied-qv', 'qwen2', 'qwen3'])('%s', name => {
  let model: Model
  let adapter: Adapter
  let weights: Model['weights']
  let tensors: ReadonlyMap<string, StoredTensor>
  let examples: TokenExample[]

  beforeAll(async () => {
    model = await openModel(join(golden, name, 'base'), 1)
    const adapted = await model.adapted(join(golden, name, 'adapter'))
    adapter = adapted.adapter!
    weights = adapted.weights
    tensors = (await readSafetensors(join(golden, name, 'golden.safetensors'))).tensors
    examples = examplesOf(tensors)
  })
  afterAll(() => model.close())

  const flatOf = (prefix: string): Float32Array => {
    const flat = new Float32Array(adapter.layout.size)
    for (const { name: tensor, offset } of tensorsOf(adapter.layout)) {
      flat.set(tensors.get(prefix + tensor.replace('base_model.model.', ''))!.data, offset)
    }
    return flat
  }

  test('answer losses match', async () => {
    const session = await model.loss()
    const { feeds, answers } = packExamples(examples, model.config)
    const { nats } = await session.run(feedsFor(session, feeds, weights))
    let at = 0
    const sums = answers.map(count => {
      const part = (nats!.data as Float32Array).subarray(at, at + count)
      at += count
      return part.reduce((sum, value) => sum + value, 0)
    })
    expect(relative(sums, tensors.get('nll_sum_per_example')!.data)).toBeLessThan(1e-5)
  })

  test('gradients of the mean loss match', async () => {
    const session = await model.step(adapter.layout)
    const { feeds, answers } = packExamples(examples, model.config)
    const share = 1 / answers.reduce((sum, count) => sum + count, 0)
    feeds.weights!.data.fill(share as never)
    const state = {
      adapter: floats(adapter.flat, [adapter.layout.size]),
      sum: floats(new Float32Array(adapter.layout.size), [adapter.layout.size]),
    }
    const { gradient } = await session.run(feedsFor(session, feeds, state, weights))
    const error = relative(gradient!.data as Float32Array, flatOf('grad_mean_loss.'))
    console.log(name, 'gradient', error)
    expect(error).toBeLessThan(1e-3)
  })

  test("each example's own gradient matches", async () => {
    const session = await model.rows(adapter.layout)
    const { feeds } = packExamples(examples, model.config)
    const state = { adapter: floats(adapter.flat, [adapter.layout.size]) }
    const { rows } = await session.run(feedsFor(session, feeds, apartFeeds(examples), state, weights))
    for (const i of examples.keys()) {
      const row = (rows!.data as Float32Array).subarray(
        i * adapter.layout.size,
        (i + 1) * adapter.layout.size,
      )
      expect(relative(row, flatOf(`grad_example_${i}.`))).toBeLessThan(1e-3)
    }
  })
})
