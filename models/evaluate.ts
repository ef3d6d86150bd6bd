import type { GradientOptions, Losses } from './engine.ts'
import { feedsFor, type Model } from './model.ts'
import { apartFeeds, packExamples, rowsOf, type TokenExample } from './packing.ts'
import { floats, type Tensor } from './session.ts'
import { groupsWithin } from './training/schedule.ts'

/**
 * Places of one run. Larger runs gain little speed (products are at their best from about 1,000 rows) and cost memory:
 * the logits alone are 32 KiB a row with a vocabulary of 8,192.
 */
const lossPlaces = 2560
const gradientPlaces = 2048

const byLength = (examples: readonly TokenExample[]): number[] =>
  [...examples.keys()].toSorted((a, b) => rowsOf(examples[a]!) - rowsOf(examples[b]!) || a - b)

const groupsOf = (examples: readonly TokenExample[], places: number): number[][] =>
  groupsWithin(byLength(examples), examples.map(rowsOf), places)

/** The examples of each run of the loss graph, by index. */
export const lossGroups = (examples: readonly TokenExample[]): number[][] => groupsOf(examples, lossPlaces)

/** -log p of every answer token under an adapter's folder, example by example in the order given. */
export async function answerNats(
  model: Model,
  examples: readonly TokenExample[],
  adapter: string | null,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const { weights } = await model.adapted(adapter)
  return natsUnder(model, weights, examples, signal)
}

/** As `answerNats`, under weights that are merged already. */
export async function natsUnder(
  model: Model,
  weights: Readonly<Record<string, Tensor>>,
  examples: readonly TokenExample[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const session = await model.loss()
  const out: Float32Array[] = []
  for (const group of lossGroups(examples)) {
    signal?.throwIfAborted()
    const { feeds, answers } = packExamples(
      group.map(index => examples[index]!),
      model.config,
    )
    const nats = (await session.run(feedsFor(session, feeds, weights))).nats!.data as Float32Array
    let at = 0
    for (const [i, index] of group.entries()) {
      out[index] = nats.subarray(at, at + answers[i]!)
      at += answers[i]!
    }
  }
  return out
}

/** Sums of `answerNats`. */
export async function answerLosses(
  model: Model,
  examples: readonly TokenExample[],
  adapter: string | null,
  signal?: AbortSignal,
): Promise<Losses> {
  const { weights } = await model.adapted(adapter)
  return lossesUnder(model, weights, examples, signal)
}

/** As `answerLosses`, under weights that are merged already. */
export async function lossesUnder(
  model: Model,
  weights: Readonly<Record<string, Tensor>>,
  examples: readonly TokenExample[],
  signal?: AbortSignal,
): Promise<Losses> {
  const perToken = await natsUnder(model, weights, examples, signal)
  const nats = Float64Array.from(perToken, total)
  const tokens = Uint32Array.from(perToken, values => values.length)
  return { nats, tokens, perToken: total(nats) / total(tokens) }
}

function total(values: Iterable<number>): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

/** Gradient rows of some examples; `indices` name them, as groups are formed by length. */
export interface GradientBlock {
  indices: number[]
  rows: Float32Array
}

/** The gradient of each example's nats with respect to the adapter, in groups of near lengths. */
export async function* gradientBlocks(
  model: Model,
  examples: readonly TokenExample[],
  folder: string,
  { signal, strength }: GradientOptions = {},
): AsyncGenerator<GradientBlock> {
  const { weights, adapter } = await model.adapted(folder, strength)
  const { layout, flat } = adapter!
  const session = await model.rows(layout)
  const state = { adapter: floats(flat, [layout.size]) }
  for (const indices of groupsOf(examples, gradientPlaces)) {
    signal?.throwIfAborted()
    const group = indices.map(index => ({ ...examples[index]!, weight: 1 }))
    const { feeds } = packExamples(group, model.config)
    const outputs = await session.run(feedsFor(session, feeds, apartFeeds(group), state, weights))
    yield { indices, rows: outputs.rows!.data as Float32Array }
  }
}
