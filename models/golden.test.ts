import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerNats, gradientBlocks } from './evaluate.ts'
import { stepGraph } from './graphs.ts'
import { type Adapter, tensorsOf } from './lora.ts'
import { feedsFor, type Model, openModel } from './model.ts'
import { packExamples, type TokenExample } from './packing.ts'
import { preferenceLoss } from './preference.ts'
import { readSafetensors, type StoredTensor } from './safetensors.ts'
import { firstFeeds, startSequence } from './serve.ts'
import { floats, integers } from './session.ts'
import { openStepper } from './stepper.ts'
import { startState } from './train.ts'

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

  const logitsOf = async (from: Model['weights']): Promise<Float32Array> => {
    const session = await model.nextToken()
    const [batch, time, vocabulary] = [examples.length, 24, model.config.vocabulary]
    const all = new Float32Array(batch * time * vocabulary)
    for (const [b, { tokens }] of examples.entries()) {
      const own = { last: integers(Int32Array.from(tokens.keys()), [tokens.length]) }
      const { logits } = await session.run(feedsFor(session, own, firstFeeds(model.config, tokens), from))
      all.set(logits!.data as Float32Array, b * time * vocabulary)
    }
    return all
  }
  /** Logits of real places only: the reference computes filling places too. */
  const real = (logits: Float32Array): Float32Array => {
    const size = logits.length / examples.length
    const each = size / 24
    return Float32Array.from(
      examples.flatMap(({ tokens }, b) => [...logits.subarray(b * size, b * size + tokens.length * each)]),
    )
  }

  test('logits of the base and of the adapter are within 1e-4', async () => {
    const wanted = (which: string): Float32Array => real(tensors.get(`${which}_logits`)!.data)
    expect(relative(real(await logitsOf(model.weights)), wanted('base'))).toBeLessThan(1e-4)
    expect(relative(real(await logitsOf(weights)), wanted('adapter'))).toBeLessThan(1e-4)
  })

  test('answer losses are within 1e-5', async () => {
    const nats = await answerNats(model, examples, join(golden, name, 'adapter'))
    const sums = nats.map(values => values.reduce((sum, value) => sum + value, 0))
    expect(relative(sums, tensors.get('nll_sum_per_example')!.data)).toBeLessThan(1e-5)
  })

  test('gradients of the mean loss are within 1e-3', async () => {
    const { feeds, answers } = packExamples(examples, model.config)
    feeds.weights!.data.fill((1 / answers.reduce((sum, count) => sum + count, 0)) as never)
    expect(relative(await gradientOf(adapter.flat, weights, feeds), flatOf('grad_mean_loss.'))).toBeLessThan(
      1e-3,
    )
  })

  const gradientOf = async (
    flat: Float32Array,
    from: Model['weights'],
    feeds: Model['weights'],
  ): Promise<Float32Array> => {
    const session = await model.session('step', () => stepGraph(model.config, adapter.layout))
    const dims = [adapter.layout.size]
    const state = { adapter: floats(flat, dims), sum: floats(new Float32Array(flat.length), dims) }
    return (await session.run(feedsFor(session, feeds, state, from))).gradient!.data as Float32Array
  }

  test("each example's own gradient is within 1e-3", async () => {
    let seen = 0
    for await (const { indices, rows } of gradientBlocks(model, examples, join(golden, name, 'adapter'))) {
      const { size } = adapter.layout
      for (const [at, i] of indices.entries()) {
        expect(
          relative(rows.subarray(at * size, (at + 1) * size), flatOf(`grad_example_${i}.`)),
        ).toBeLessThan(1e-3)
        seen++
      }
    }
    expect(seen).toBe(examples.length)
  })

  test('ten AdamW steps are within 1e-4 in every loss and 1e-3 in the final matrices', async () => {
    const state = startState(adapter.flat.slice())
    const settings = { epsilon: 1e-8, epsilonPlace: 'outside', weightDecay: 0.01 } as const
    const stepper = await openStepper(model, settings, adapter.layout, state)
    const losses: number[] = []
    for (; state.step < 10; state.step++) losses.push(await stepper.step(examples, 5e-3))
    await stepper.close()
    expect(relative(losses, tensors.get('adamw_losses')!.data)).toBeLessThan(1e-4)
    expect(relative(state.adapter, flatOf('adamw_final.'))).toBeLessThan(1e-3)
  })

  test('sixteen greedy tokens after the ten steps are the same', async () => {
    const want = [...tensors.get('greedy')!.data]
    const sequence = await startSequence(model, await model.merge(adapter.layout, flatOf('adamw_final.')))
    let fresh = want.slice(0, 8)
    const tokens = [...fresh]
    while (tokens.length < 24) {
      const logits = await sequence.feed(fresh)
      fresh = [logits.indexOf(Math.max(...logits))]
      tokens.push(...fresh)
    }
    expect(tokens).toEqual(want)
  })

  test('the loss and the gradient of preference pairs are within 1e-4 and 1e-3', async () => {
    const tuned = flatOf('adamw_final.')
    const merged = await model.merge(adapter.layout, tuned)
    const session = await model.loss()
    const { feeds, answers } = packExamples(examples, model.config)
    const nats = async (from: Model['weights']): Promise<number[]> => {
      const values = [...((await session.run(feedsFor(session, feeds, from))).nats!.data as Float32Array)]
      return answers.map(count => values.splice(0, count).reduce((sum, value) => sum + value, 0))
    }
    const pairs = [
      { chosen: 0, rejected: 1 },
      { chosen: 2, rejected: 3 },
    ]
    const { loss, weights: slopes } = preferenceLoss(
      await nats(merged),
      await nats(model.weights),
      pairs,
      0.1,
    )
    expect(relative([loss], tensors.get('dpo_loss')!.data)).toBeLessThan(1e-4)
    const perToken = Float32Array.from(answers.flatMap((count, i) => Array<number>(count).fill(slopes[i]!)))
    const weighted = { ...feeds, weights: floats(perToken, [perToken.length]) }
    expect(relative(await gradientOf(tuned, merged, weighted), flatOf('dpo_grad.'))).toBeLessThan(1e-3)
  })
})
