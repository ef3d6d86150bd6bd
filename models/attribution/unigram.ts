import type { Engine, Example } from '../engine.ts'

/**
 * Counts token types over the datanet's answers. Index `vocabulary` counts ends of answers, so that the end of a turn has
 * a probability too; length vocabulary + 1.
 */
export const countTokens = (answers: readonly (readonly number[])[], vocabulary: number): Uint32Array => {
  const counts = new Uint32Array(vocabulary + 1)
  for (const answer of answers) {
    for (const token of answer) counts[token] = (counts[token] ?? 0) + 1
    counts[vocabulary] = counts[vocabulary]! + 1
  }
  return counts
}

/**
 * Log-probability of each token type in nats, smoothed after Witten and Bell (1991, method C): N tokens of T types leave
 * the mass T / (N + T) to a uniform distribution. It needs no constant, and a small datanet is smoothed more than a
 * large one; add-one would give half of a small datanet's mass to words that it never had.
 */
export const unigramLogProbs = (counts: Uint32Array): Float64Array => {
  let total = 0
  let types = 0
  for (const count of counts) {
    total += count
    if (count > 0) types++
  }
  if (total === 0) return new Float64Array(counts.length).fill(-Math.log(counts.length))
  return Float64Array.from(counts, count => Math.log((count + types / counts.length) / (total + types)))
}

/** -log p of each example's answer and its end under the unigrams of the training answers, nats; length examples. */
export const unigramLoss = (
  engine: Pick<Engine, 'encode' | 'base'>,
  trainingAnswers: readonly string[],
  examples: readonly Example[],
): Float64Array => {
  const vocabulary = engine.base.config.vocabulary
  const counts = countTokens(
    trainingAnswers.map(answer => engine.encode(answer)),
    vocabulary,
  )
  const logProbs = unigramLogProbs(counts)
  return Float64Array.from(examples, ({ answer }) => {
    const tokens = [...engine.encode(answer), vocabulary]
    return tokens.reduce((nats, token) => nats - logProbs[token]!, 0)
  })
}
