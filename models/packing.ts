import type { ModelConfig } from './architectures/config.ts'
import { floats, integers, type Tensor } from './session.ts'

/** A tokenised example: tokens from `answerStart` on are the answer, the end of the turn included. */
export interface TokenExample {
  tokens: readonly number[]
  answerStart: number
  /** Factor of the answer's loss. */
  weight: number
}

export interface Packed {
  feeds: Record<string, Tensor>
  /** Rows computed: every token but the last of each example, which predicts nothing. */
  rows: number
  /** Answer tokens of each example. */
  answers: number[]
}

/** Rows that an example occupies in a loss graph. */
export const rowsOf = (example: TokenExample): number => example.tokens.length - 1

/** Scores of places after the query; finite, because -Infinity times zero would be NaN. */
const hidden = -1e30

/** [group * T, T]: each query head of a group sees the places up to its own. */
export function causalMask(time: number, group: number): Tensor {
  const data = new Float32Array(group * time * time)
  for (let row = 0; row < group * time; row++) {
    const from = row * time
    data.fill(hidden, from + (row % time) + 1, from + time)
  }
  return floats(data, [group * time, time])
}

/** Index tensors that move packed rows [N] into a [B, heads, T] rectangle and back. */
function headMoves(
  lengths: readonly number[],
  time: number,
  heads: number,
): { index: Tensor; back: Tensor; real: Tensor } {
  const batch = lengths.length
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const index = new Int32Array(batch * heads * time)
  const back = new Int32Array(total * heads)
  const real = new Float32Array(batch * heads * time)
  let first = 0
  for (const [b, length] of lengths.entries()) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < time; t++) {
        const place = (b * heads + h) * time + t
        const row = (first + Math.min(t, length - 1)) * heads + h
        index[place] = row
        if (t >= length) continue
        back[row] = place
        real[place] = 1
      }
    }
    first += length
  }
  return {
    index: integers(index, [batch, heads, time]),
    back: integers(back, [total, heads]),
    real: floats(real, [batch, heads, time, 1]),
  }
}

function rectangle(sequences: readonly (readonly number[])[], config: ModelConfig): Record<string, Tensor> {
  const lengths = sequences.map(sequence => sequence.length)
  const time = Math.max(...lengths)
  const q = headMoves(lengths, time, config.heads)
  const kv = config.kvHeads === config.heads ? q : headMoves(lengths, time, config.kvHeads)
  const positions = new BigInt64Array(lengths.length * time)
  for (let i = 0; i < positions.length; i++) positions[i] = BigInt(i % time)
  const feeds: Record<string, Tensor> = {
    tokens: integers(Int32Array.from(sequences.flat()), [lengths.reduce((sum, length) => sum + length, 0)]),
    'q.index': q.index,
    'q.back': q.back,
    real: q.real,
    mask: causalMask(time, config.heads / config.kvHeads),
    positions: { type: 'int64', dims: [lengths.length, time], data: positions },
  }
  if (kv === q) return feeds
  return { ...feeds, 'kv.index': kv.index, 'kv.back': kv.back }
}

/** Packs whole sequences, for hidden states. */
export const packSequences = (
  sequences: readonly (readonly number[])[],
  config: ModelConfig,
): Record<string, Tensor> => rectangle(sequences, config)

/** Packs examples for the loss of their answers and its gradients. */
export function packExamples(examples: readonly TokenExample[], config: ModelConfig): Packed {
  const feeds = rectangle(
    examples.map(example => example.tokens.slice(0, -1)),
    config,
  )
  const rows = examples.reduce((sum, example) => sum + rowsOf(example), 0)
  const answers = examples.map(example => example.tokens.length - example.answerStart)
  const count = answers.reduce((sum, answer) => sum + answer, 0)
  const index = new Int32Array(count)
  const labels = new Int32Array(count)
  const weights = new Float32Array(count)
  const back = new Int32Array(rows)
  const real = new Float32Array(rows)
  let first = 0
  let at = 0
  for (const { tokens, answerStart, weight } of examples) {
    for (let t = answerStart; t < tokens.length; t++) {
      const row = first + t - 1
      index[at] = row
      labels[at] = tokens[t]!
      weights[at] = weight
      back[row] = at++
      real[row] = 1
    }
    first += tokens.length - 1
  }
  return {
    feeds: {
      ...feeds,
      'answer.index': integers(index, [count]),
      'answer.back': integers(back, [rows]),
      'answer.real': floats(real, [rows, 1]),
      labels: integers(labels, [count]),
      weights: floats(weights, [count]),
    },
    rows,
    answers,
  }
}

/** Feeds that keep the examples of a packed batch apart in gradients. */
export function apartFeeds(examples: readonly TokenExample[]): Record<string, Tensor> {
  const { index, real } = headMoves(examples.map(rowsOf), Math.max(...examples.map(rowsOf)), 1)
  const [batch, , time] = index.dims as [number, number, number]
  return {
    'example.index': { ...index, dims: [batch, time] },
    'example.real': { ...real, dims: [batch, time, 1] },
  }
}
