import { besideStepGraph } from '../beside-graphs.ts'
import { stepGraph } from '../graphs.ts'
import type { LoraLayout } from '../lora.ts'
import { feedsFor, type Model } from '../model.ts'
import { packExamples, rowsOf, type TokenExample } from '../packing.ts'
import { floats, openSession, type Tensor } from '../session.ts'
import type { TrainState } from './checkpoint.ts'
import type { Recipe } from './recipe.ts'
import { groupsWithin } from './schedule.ts'
import { openUpdater } from './updater.ts'

/** Places of one run of the step graph; a longer batch is summed over several runs, so that memory stays bounded. */
export const stepPlaces = 4096

export interface Stepper {
  /** Takes one AdamW step on a batch at a learning rate; returns the batch's nats per answer token before the step. */
  step(batch: readonly TokenExample[], rate: number): Promise<number>
  /** Releases its sessions, whose working memory (0.6 GB for batches of 16) nobody else can use. */
  close(): Promise<void>
}

/**
 * The examples of a batch that have an effect, and the answer tokens of those that have none: they count in the divisor, so
 * leaving one out moves nothing else, and are not computed. One is kept where all weigh nothing, for the loss to report.
 */
export function weighted(batch: readonly TokenExample[]): {
  batch: readonly TokenExample[]
  skipped: number
} {
  const some = batch.filter(({ weight }) => weight !== 0)
  const kept = some.length > 0 ? some : batch.slice(0, 1)
  const answerTokens = (examples: readonly TokenExample[]) =>
    examples.reduce((sum, { tokens, answerStart }) => sum + tokens.length - answerStart, 0)
  return { batch: kept, skipped: answerTokens(batch) - answerTokens(kept) }
}

/** AdamW steps on `state`: its vectors are replaced at each step, its counters are the caller's, who counts `step`. */
export async function openStepper(
  model: Model,
  recipe: Pick<Recipe, 'epsilon' | 'epsilonPlace' | 'weightDecay' | 'products'>,
  layout: LoraLayout,
  state: TrainState,
  places = stepPlaces,
): Promise<Stepper> {
  const { products = 'float32' } = recipe
  const quantised = products === 'int8' ? { ...model.weights, ...(await model.int8()) } : null
  const graph = quantised
    ? besideStepGraph(model.config, layout, { products })
    : stepGraph(model.config, layout)
  const session = await openSession(graph, { threads: model.threads, device: model.device, planned: false })
  const updater = await openUpdater(model, recipe, layout.size)
  const memory = quantised ? undefined : model.mergeMemory(layout)
  const vector = (data: Float32Array = new Float32Array(layout.size)): Tensor => floats(data, [layout.size])
  const zeros = vector()
  const sums = [vector(), vector()] as const
  const step: Stepper['step'] = async (whole, rate) => {
    const { batch, skipped } = weighted(whole)
    const weights = quantised ?? (await model.merge(layout, state.adapter, memory))
    const lengths = batch.map(rowsOf)
    const order = [...batch.keys()].toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
    let nats = 0
    let tokens = 0
    let sum = zeros
    for (const [i, group] of groupsWithin(order, lengths, places).entries()) {
      const packed = packExamples(
        group.map(index => batch[index]!),
        model.config,
      )
      const gradient = sums[i % 2]!
      const own = { adapter: vector(state.adapter), sum }
      const outputs = await session.run(feedsFor(session, packed.feeds, own, weights), { gradient })
      sum = gradient
      for (const value of outputs.nats!.data as Float32Array) nats += value
      tokens += packed.answers.reduce((total, count) => total + count, 0)
    }
    const { weightDecay } = recipe
    await updater.update(state, sum.data as Float32Array, { rate, weightDecay, tokens: tokens + skipped })
    return nats / tokens
  }
  return {
    step,
    async close() {
      await session.close()
      await updater.close()
    },
  }
}
