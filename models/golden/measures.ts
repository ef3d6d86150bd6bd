import { join } from 'node:path'
import { answerNats, gradientBlocks } from '../evaluate.ts'
import { stepGraph } from '../graphs.ts'
import { tensorsOf } from '../lora.ts'
import { feedsFor, type Model } from '../model.ts'
import { packExamples } from '../packing.ts'
import type { StoredTensor } from '../safetensors.ts'
import { floats } from '../session.ts'
import { preferenceLoss } from '../training/preference.ts'
import { openStepper } from '../training/stepper.ts'
import { startState } from '../training/train.ts'
import { type GoldenCase, vectorOf } from './cases.ts'

/** Largest difference over largest value; infinite where the lengths differ. */
export function relativeTo(want: ArrayLike<number>, got: ArrayLike<number>): number {
  if (want.length !== got.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let largest = 0
  for (let i = 0; i < want.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - want[i]!))
    largest = Math.max(largest, Math.abs(want[i]!))
  }
  return difference === 0 ? 0 : difference / largest
}

/** As `relativeTo`, of an adapter's matrices each on its own: a wrong small one does not hide behind a large one. */
export function relativeByMatrix({ adapter }: GoldenCase, want: Float32Array, got: Float32Array): number {
  const each = tensorsOf(adapter.layout).map(({ offset, shape: [rows, columns] }) => {
    const range = [offset, offset + rows * columns] as const
    return relativeTo(want.subarray(...range), got.subarray(...range))
  })
  return got.length === want.length ? Math.max(...each) : Number.POSITIVE_INFINITY
}

const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0)

/** Rows of real places: what stands at filling places differs between implementations. */
export const realRows = (logits: Float32Array, mask: StoredTensor): Float32Array => {
  const width = logits.length / mask.data.length
  return logits.filter((_, i) => mask.data[Math.floor(i / width)] === 1)
}

async function gradient(
  { model, adapter }: GoldenCase,
  flat: Float32Array,
  weights: Model['weights'],
  feeds: Model['weights'],
): Promise<Float32Array> {
  const session = await model.session('step', () => stepGraph(model.config, adapter.layout))
  const dims = [adapter.layout.size]
  const state = { adapter: floats(flat, dims), sum: floats(new Float32Array(flat.length), dims) }
  return (await session.run(feedsFor(session, feeds, state, weights))).gradient!.data as Float32Array
}

/** The gradient of the nats per answer token of all examples. */
export function meanGradient(golden: GoldenCase): Promise<Float32Array> {
  const { model, adapter, examples, weights } = golden
  const { feeds, answers } = packExamples(examples, model.config)
  const count = total(answers)
  const each = floats(new Float32Array(count).fill(1 / count), [count])
  return gradient(golden, adapter.flat, weights, { ...feeds, weights: each })
}

/** The gradient of each example's nats, [size] each; `alone` packs no example with another. */
export async function gradientsByExample(golden: GoldenCase, alone: boolean): Promise<Float32Array[]> {
  const { model, examples, adapter, folder } = golden
  const { size } = adapter.layout
  const rows: Float32Array[] = []
  for (const group of alone ? examples.map(example => [example]) : [examples])
    for await (const block of gradientBlocks(model, group, join(folder, 'adapter')))
      for (const [at, i] of block.indices.entries())
        rows[alone ? rows.length : i] = block.rows.slice(at * size, (at + 1) * size)
  return rows
}

export async function nats({ model, examples, folder }: GoldenCase, alone: boolean): Promise<number[]> {
  const sums: number[] = []
  for (const group of alone ? examples.map(example => [example]) : [examples])
    sums.push(...(await answerNats(model, group, join(folder, 'adapter'))).map(total))
  return sums
}

const optimiser = { epsilon: 1e-8, epsilonPlace: 'outside', weightDecay: 0.01 } as const

export async function tune(golden: GoldenCase): Promise<{ losses: number[]; final: Float32Array }> {
  const { model, adapter, examples } = golden
  const state = startState(adapter.flat.slice())
  const stepper = await openStepper(model, optimiser, adapter.layout, state)
  const losses: number[] = []
  for (; state.step < 10; state.step++) losses.push(await stepper.step(examples, 5e-3))
  await stepper.close()
  return { losses, final: state.adapter }
}

/** The preference loss after the ten steps (rows 0, 2 chosen, 1, 3 rejected, beta 0.1) and its gradient. */
export async function preference(golden: GoldenCase): Promise<{ loss: number; gradient: Float32Array }> {
  const { model, adapter, examples } = golden
  const tuned = vectorOf(golden, 'adamw_final.')
  const merged = await model.merge(adapter.layout, tuned)
  const session = await model.loss()
  const { feeds, answers } = packExamples(examples, model.config)
  const sums = async (weights: Model['weights']): Promise<number[]> => {
    const values = [...((await session.run(feedsFor(session, feeds, weights))).nats!.data as Float32Array)]
    return answers.map(count => total(values.splice(0, count)))
  }
  const pairs = [
    { chosen: 0, rejected: 1 },
    { chosen: 2, rejected: 3 },
  ]
  const { loss, weights } = preferenceLoss(await sums(merged), await sums(model.weights), pairs, 0.1)
  const perToken = Float32Array.from(answers.flatMap((count, i) => Array<number>(count).fill(weights[i]!)))
  const weighted = { ...feeds, weights: floats(perToken, [perToken.length]) }
  return { loss, gradient: await gradient(golden, tuned, merged, weighted) }
}
