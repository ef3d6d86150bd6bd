/** -log p of an answer under the datanet's unigrams, the base and the adapter, over the same tokens. */
export interface AnswerNats {
  unigram: number
  base: number
  adapter: number
}

export type Abstention = 'disputed' | 'no-gain' | 'gain-too-small' | 'asker-is-contributor'

/** No adapter earns more than this part of an answer's data share. */
const cap = 0.9
/** An adapter that gains less than this many nats a token has not made the answer possible. */
export const leastNatsPerToken = 0.02

/** How much of an answer is the adapter's: 0 unless it beats both the base and the datanet's own unigrams. */
export const answerGain = (nats: AnswerNats, maxGain: number): number => {
  const { unigram, base, adapter } = nats
  if (!(adapter < Math.min(base, unigram))) return 0
  const gain = (base - adapter) / (unigram - adapter)
  return Math.max(0, Math.min(gain, cap, maxGain))
}

/**
 * The release's gain on its held-out reference answers: the same formula over all their nats together. Each input holds
 * one figure an answer, over the same tokens.
 */
export const heldOutGain = (nats: {
  unigram: ArrayLike<number>
  base: ArrayLike<number>
  adapter: ArrayLike<number>
}): number => {
  const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0)
  const sums = { unigram: total(nats.unigram), base: total(nats.base), adapter: total(nats.adapter) }
  return answerGain(sums, cap)
}
