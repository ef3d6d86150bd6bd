import { totalmem } from 'node:os'
import { fault, type TributaryError } from '../../infra/errors.ts'
import type { ModelConfig } from '../architectures/config.ts'
import { linearShapes } from '../architectures/weights.ts'
import { lossGroups } from '../evaluate.ts'
import type { LoraLayout } from '../lora.ts'
import type { Model } from '../model.ts'
import { rowsOf, type TokenExample } from '../packing.ts'
import { groupsWithin } from './schedule.ts'
import { stepPlaces } from './stepper.ts'

/** What one run of the step graph computes. */
export interface StepSize {
  /** Examples B of the group. */
  examples: number
  /** Rows N: tokens without each example's last. */
  rows: number
  /** Rows T of the longest example; attention works on B T places. */
  longest: number
  /** Answer tokens M. */
  answers: number
}

/** The model's part in the estimate. */
export type Sized = Pick<Model, 'baseBytes'> & { config: ModelConfig }

export const sizeOf = (group: readonly TokenExample[]): StepSize => ({
  examples: group.length,
  rows: group.reduce((sum, example) => sum + rowsOf(example), 0),
  longest: Math.max(...group.map(rowsOf)),
  answers: group.reduce((sum, { tokens, answerStart }) => sum + tokens.length - answerStart, 0),
})

/** Three quarters of what the machine, or the container around the process, has. */
export const defaultMemoryBytes = (): number => {
  const limit = process.constrainedMemory()
  return Math.floor(0.75 * (limit > 0 ? Math.min(limit, totalmem()) : totalmem()))
}

/**
 * Peak memory of a process that runs a step group, bytes: base weights + fixed + float32 numbers of
 * w * linear weights (merged copies) + s * adapter numbers (state, moments, gradients, their parts)
 * + N L (a d + b h + c (q, k, v widths)) kept for the way back + e L B H T² of probabilities
 * + f N h + g B H T² in use at once + v M V of logits.
 * The factors are a non-negative least-squares fit of 17 peaks (271 to 1,432 MiB) over bases of 2 to 8 layers, widths 256
 * and 512, ranks 8 to 64, T from 64 to 1,000; the last factor keeps it from ever being under (measured: 1.01 to 1.21 times).
 */
export function stepBytes(model: Sized, layout: LoraLayout, size: StepSize): number {
  const { dim, hidden, layers, heads, kvHeads, headDim, vocabulary } = model.config
  const { examples, rows, longest, answers } = size
  const square = examples * heads * longest ** 2
  const floats =
    3.25 * linearSize(model.config) +
    16 * layout.size +
    rows * layers * (1.75 * dim + 4.75 * hidden + 2.25 * (heads + 2 * kvHeads) * headDim) +
    1.5 * layers * square +
    4 * rows * hidden +
    1.5 * square +
    1.5 * answers * vocabulary
  return model.baseBytes + 1.09 * (fixedBytes + 4 * floats)
}

/** Numbers of all linear layers. */
const linearSize = (config: ModelConfig): number =>
  config.layers * [...linearShapes(config).values()].reduce((sum, [out, width]) => sum + out * width, 0)

/**
 * What scoring these examples between steps takes on top of `stepBytes`: its session keeps its memory, and the merged weights
 * are a copy of their own. Measured on the shipped base and two others: 0.6 to 0.95 of it.
 */
export function lossBytes(model: Sized, examples: readonly TokenExample[]): number {
  const { dim, hidden, heads, vocabulary } = model.config
  const floats = lossGroups(examples).map(indices => {
    const group = sizeOf(indices.map(index => examples[index]!))
    const square = group.examples * heads * group.longest ** 2
    return group.rows * (4 * dim + 5 * hidden) + 2 * square + 1.5 * group.answers * vocabulary
  })
  return floats.length === 0 ? 0 : 4 * (Math.max(...floats) + 2 * linearSize(model.config))
}

/** Node.js, onnxruntime, the tokenizer and the engine's thread. */
const fixedBytes = 165 * 2 ** 20

/**
 * Places of one run of the step graph with which every step of a training stays within `memoryBytes`: a batch that does not
 * fit at once is cut into smaller groups whose gradients are summed. Halved from the usual number, so that few different
 * values exist: the order of a sum decides its last bits. `besides` is what else is held meanwhile, bytes.
 * Error `memory-exceeded` (blame operator): one example alone does not fit.
 */
export function placesFor(
  model: Sized,
  layout: LoraLayout,
  batches: readonly (readonly TokenExample[])[],
  memoryBytes = Number.POSITIVE_INFINITY,
  besides = 0,
): number {
  let places = stepPlaces
  while (true) {
    const worst = largestGroup(model, layout, batches, places)
    if (worst.bytes + besides <= memoryBytes) return places
    if (worst.group.length === 1) throw exceeded(model, layout, worst, { memoryBytes, besides })
    places /= 2
  }
}

interface Group {
  group: readonly TokenExample[]
  bytes: number
}

/** The group that takes most, formed as the stepper forms it. */
function largestGroup(
  model: Sized,
  layout: LoraLayout,
  batches: readonly (readonly TokenExample[])[],
  places: number,
): Group {
  let worst: Group = { group: [], bytes: 0 }
  for (const batch of batches) {
    const lengths = batch.map(rowsOf)
    const order = [...batch.keys()].toSorted((a, b) => lengths[a]! - lengths[b]! || a - b)
    for (const indices of groupsWithin(order, lengths, places)) {
      const group = indices.map(index => batch[index]!)
      const bytes = stepBytes(model, layout, sizeOf(group))
      if (bytes > worst.bytes) worst = { group, bytes }
    }
  }
  return worst
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20)

function exceeded(
  model: Sized,
  layout: LoraLayout,
  worst: Group,
  { memoryBytes, besides }: { memoryBytes: number; besides: number },
): TributaryError {
  const { longest, answers } = sizeOf(worst.group)
  const fits = (tokens: number): boolean =>
    stepBytes(model, layout, {
      examples: 1,
      rows: tokens - 1,
      longest: tokens - 1,
      answers: Math.min(answers, tokens - 1),
    }) +
      besides <=
    memoryBytes
  let tokens = longest + 1
  while (tokens > 1 && !fits(tokens)) tokens--
  const [needed, allowed] = [mebibytes(worst.bytes + besides), Math.floor(memoryBytes / 2 ** 20)]
  const suits = tokens > 1 ? `maxTokens ${tokens} would fit` : 'no example would fit beside this base'
  return fault(
    'memory-exceeded',
    `One example of ${longest + 1} tokens needs about ${needed} MiB to train on and ${allowed} MiB are allowed; ${suits}.`,
    {
      fix:
        tokens > 1
          ? `Set the recipe's maxTokens to ${tokens} or TRIBUTARY_MEMORY_MIB to ${needed}.`
          : `Set TRIBUTARY_MEMORY_MIB to ${needed}, or use a smaller base or rank.`,
      facts: { needed, allowed, tokens: longest + 1, maxTokens: tokens > 1 ? tokens : null },
      blame: 'operator',
    },
  )
}
