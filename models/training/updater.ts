import { adamwGraph, beta1, beta2 } from '../graphs.ts'
import type { Model } from '../model.ts'
import { floats, openSession, type Tensor } from '../session.ts'
import type { TrainState } from './checkpoint.ts'
import type { Recipe } from './recipe.ts'

/** What AdamW reads and replaces; `step` counts the steps done and is the caller's. */
export type AdamwState = Pick<TrainState, 'step' | 'adapter' | 'first' | 'second'>

export interface Updater {
  /** One AdamW step with a gradient summed over `tokens` answer tokens. The state's vectors are replaced. */
  update(
    state: AdamwState,
    gradient: Float32Array,
    settings: { rate: number; weightDecay: number; tokens: number },
  ): Promise<void>
  close(): Promise<void>
}

/** AdamW on flat vectors of `size` numbers: one state after another, so that each one's vectors fit the processor's cache. */
export async function openUpdater(
  model: Model,
  recipe: Pick<Recipe, 'epsilon' | 'epsilonPlace'>,
  size: number,
): Promise<Updater> {
  const { epsilon, epsilonPlace } = recipe
  const session = await openSession(adamwGraph(size, { epsilon, epsilonPlace }), model)
  const vector = (data: Float32Array = new Float32Array(size)): Tensor => floats(data, [size])
  const scalar = (value: number): Tensor => floats(new Float32Array([value]), [])
  let spare: Omit<AdamwState, 'step'> = {
    adapter: new Float32Array(size),
    first: new Float32Array(size),
    second: new Float32Array(size),
  }
  return {
    async update(state, gradient, { rate, weightDecay, tokens }) {
      const t = state.step + 1
      await session.run(
        {
          adapter: vector(state.adapter),
          first: vector(state.first),
          second: vector(state.second),
          gradient: vector(gradient),
          rate: scalar(rate),
          decay: scalar(rate * weightDecay),
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
    },
    close: () => session.close(),
  }
}
