import type { TrainState } from './checkpoint.ts'
import type { Recipe } from './engine.ts'
import { adamwGraph, beta1, beta2, stepGraph } from './graphs.ts'
import type { LoraLayout } from './lora.ts'
import { feedsFor, type Model } from './model.ts'
import { packExamples, rowsOf, type TokenExample } from './packing.ts'
import { groupsWithin } from './schedule.ts'
import { floats, openSession, type Tensor } from './session.ts'

/** Places of one run of the step graph; a longer batch is summed over several runs, so that memory stays bounded. */
const stepPlaces = 4096

export interface Stepper {
  /** Takes one AdamW step on a batch at a learning rate; returns the batch's nats per answer token before the step. */
  step(batch: readonly TokenExample[], rate: number): Promise<number>
  /** Releases its sessions, whose working memory (0.6 GB for batches of 16) nobody else can use. */
  close(): Promise<void>
}

/** AdamW steps on `state`: its vectors are replaced at each step, its counters are the caller's, who counts `step`. */
export async function openStepper(
  model: Model,
  recipe: Pick<Recipe, 'epsilon' | 'epsilonPlace' | 'weightDecay'>,
  layout: LoraLayout,
  state: TrainState,
): Promise<Stepper> {
  const session = await openSession(stepGraph(model.config, layout), model)
  const { epsilon, epsilonPlace } = recipe
  const updater = await openSession(adamwGraph(layout.size, { epsilon, epsilonPlace }), model)
  const memory = model.mergeMemory(layout)
  const vector = (data: Float32Array = new Float32Array(layout.size)): Tensor => floats(data, [layout.size])
  const scalar = (value: number): Tensor => floats(new Float32Array([value]), [])
  const zeros = vector()
  const sums = [vector(), vector()] as const
  let spare: Pick<TrainState, 'adapter' | 'first' | 'second'> = {
    adapter: new Float32Array(layout.size),
    first: new Float32Array(layout.size),
    second: new Float32Array(layout.size),
  }
  const step: Stepper['step'] = async (batch, rate) => {
    const weights = await model.merge(layout, state.adapter, memory)
    const lengths = batch.map(rowsOf)
    const order = [...batch.keys()].toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
    let nats = 0
    let tokens = 0
    let sum = zeros
    for (const [i, group] of groupsWithin(order, lengths, stepPlaces).entries()) {
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
    const t = state.step + 1
    await updater.run(
      {
        adapter: vector(state.adapter),
        first: vector(state.first),
        second: vector(state.second),
        gradient: sum,
        rate: scalar(rate),
        decay: scalar(rate * recipe.weightDecay),
        share: scalar(1 / tokens),
        correction1: scalar(1 / (1 - beta1 ** t)),
        correction2: scalar(1 / (1 - beta2 ** t)),
      },
      {
        'adapter.next': vector(spare.adapter),
        'first.next': vector(spare.first),
        'second.next': vector(spare.second),
      },
    )
    const used = { adapter: state.adapter, first: state.first, second: state.second }
    Object.assign(state, spare)
    spare = used
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
