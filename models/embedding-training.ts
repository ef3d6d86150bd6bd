import { fault } from '../infra/errors.ts'
import { meanHidden } from './embed.ts'
import { contrastiveLoss } from './embedding/contrastive-loss.ts'
import { embeddingStepGraph, lowRankFeeds, packForMeans } from './embedding-graphs.ts'
import { initialLora, type LoraLayout, loraLayout } from './lora.ts'
import { feedsFor, type Model } from './model.ts'
import { floats, openSession, type Tensor } from './session.ts'
import { groupsWithin, learningRate, stepOrder } from './training/schedule.ts'
import { openUpdater } from './training/updater.ts'

/** Two texts that belong together, as tokens (none empty), and what they are from. */
export interface TokenPair {
  left: readonly number[]
  right: readonly number[]
  /** A batch holds pairs of one kind: those of another are too easy to tell apart to teach anything. */
  kind: string
  /** Pairs that share one of these are no negatives of each other. */
  documents: readonly string[]
}

/** Everything that decides an embedding adapter, next to the pairs and the base. */
export interface EmbeddingRecipe {
  /** LoRA rank, alpha and the linear layers, as in a shape of an adapter. */
  rank: number
  alpha: number
  targets: readonly string[]
  epochs: number
  /** Pairs a step; the others of a step are each pair's negatives. */
  batch: number
  /** Peak of the one-cycle schedule. */
  learningRate: number
  weightDecay: number
  /** AdamW's, inside the root. */
  epsilon: number
  seed: number
  /** Divisor of the cosines: the smaller, the more the nearest negatives count. */
  temperature: number
}

/** Places of one run of the graph; a batch is cut into such parts, so its size is not bounded by memory. */
const stepPlaces = 4096

/**
 * Tunes a LoRA adapter so that the two texts of a pair have near embeddings and those of other pairs far ones; AdamW,
 * one-cycle schedule. The same base, recipe, pairs and thread count give the same adapter. Returns its flat vector.
 * Errors: `no-examples` (fewer than two pairs), `training-diverged`.
 */
export async function trainEmbedding(
  model: Model,
  pairs: readonly TokenPair[],
  recipe: EmbeddingRecipe,
  onStep?: (step: number, steps: number, loss: number) => void,
): Promise<Float32Array> {
  const order = batchesByKind(pairs, recipe)
  if (order.length === 0)
    throw fault('no-examples', 'A contrast needs at least two pairs of one kind a step.', {
      fix: 'Give more pairs, or a larger batch.',
    })
  const layout = loraLayout(model.config, recipe)
  const adapter = initialLora(layout, recipe.seed)
  const state = { step: 0, adapter, first: adapter.map(() => 0), second: adapter.map(() => 0) }
  const gradients = await openEmbeddingGradient(model, layout, recipe.temperature)
  const updater = await openUpdater(model, { epsilon: recipe.epsilon, epsilonPlace: 'inside' }, layout.size)
  const memory = model.mergeMemory(layout)
  try {
    for (const [at, indices] of order.entries()) {
      const batch = indices.map(index => pairs[index]!)
      const weights = await model.merge(layout, state.adapter, memory)
      const { loss, gradient } = await gradients.gradient(batch, state.adapter, weights)
      if (!Number.isFinite(loss))
        throw fault('training-diverged', `The loss is not finite at step ${at + 1}.`, {
          fix: 'Lower the learning rate.',
          facts: { step: at + 1, learningRate: recipe.learningRate },
        })
      const rate = learningRate(at, order.length, recipe.learningRate)
      // The loss is a mean already: nothing is left to divide by.
      await updater.update(state, gradient, { rate, weightDecay: recipe.weightDecay, tokens: 1 })
      state.step++
      onStep?.(state.step, order.length, loss)
    }
  } finally {
    await gradients.close()
    await updater.close()
  }
  return state.adapter
}

/** The pairs of every step, by index: batches of each kind as they come, then all of them in an order drawn by the seed. */
function batchesByKind(
  pairs: readonly TokenPair[],
  recipe: Pick<EmbeddingRecipe, 'batch' | 'epochs' | 'seed'>,
): number[][] {
  const kinds = Map.groupBy(pairs.keys(), index => pairs[index]!.kind)
  const batches = [...kinds.values()].flatMap(own =>
    stepOrder(own.length, recipe)
      .filter(batch => batch.length > 1)
      .map(batch => batch.map(at => own[at]!)),
  )
  return stepOrder(batches.length, { batch: 1, epochs: 1, seed: recipe.seed }).map(([at]) => batches[at!]!)
}

/** The loss of a batch and its gradient by the adapter [size], whose merged weights are given too. */
export async function openEmbeddingGradient(
  model: Model,
  layout: LoraLayout,
  temperature: number,
  places = stepPlaces,
): Promise<{
  gradient(
    batch: readonly TokenPair[],
    adapter: Float32Array,
    weights: Readonly<Record<string, Tensor>>,
  ): Promise<{ loss: number; gradient: Float32Array }>
  close(): Promise<void>
}> {
  const session = await openSession(embeddingStepGraph(model.config, layout), model)
  const vector = (data = new Float32Array(layout.size)): Tensor => floats(data, [layout.size])
  const zeros = vector()
  const sums = [new Float32Array(layout.size), new Float32Array(layout.size)] as const
  const { dim } = model.config
  return {
    async gradient(batch, adapter, weights) {
      const sequences = [...batch.map(({ left }) => left), ...batch.map(({ right }) => right)]
      const embeddings = await meanHidden(model, sequences, weights)
      const { loss, left, right } = contrastiveLoss(
        batch.map(({ documents }, i) => ({
          left: embeddings[i]!,
          right: embeddings[batch.length + i]!,
          documents,
        })),
        temperature,
      )
      const seeds = [...left, ...right]
      const lengths = sequences.map(({ length }) => length)
      const byLength = [...lengths.keys()].toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
      const matrices = lowRankFeeds(layout, adapter)
      let sum = zeros
      for (const [at, group] of groupsWithin(byLength, lengths, places).entries()) {
        const seed = new Float32Array(group.length * dim)
        for (const [s, index] of group.entries()) seed.set(seeds[index]!, s * dim)
        const packed = packForMeans(
          group.map(index => sequences[index]!),
          model.config,
        )
        const own = { seed: floats(seed, [group.length, dim]), sum }
        const gradient = vector(sums[(at % 2) as 0 | 1])
        await session.run(feedsFor(session, packed, own, matrices, weights), { gradient })
        sum = gradient
      }
      return { loss, gradient: sum.data as Float32Array }
    },
    close: () => session.close(),
  }
}
