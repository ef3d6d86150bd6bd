import type { Engine, Example } from '../../engine.ts'
import type { Method } from '../judge/method.ts'

/** Cosine of the base's embeddings of question and answer. */
export const embeddingCosine = async (
  engine: Pick<Engine, 'embed'>,
  rows: readonly Example[],
): Promise<Method> => {
  const embed = (examples: readonly Example[]) =>
    engine.embed(examples.map(({ prompt, answer }) => `${prompt}\n${answer}`))
  const known = await embed(rows)
  return {
    name: 'embedding cosine',
    source: 'mean of the last hidden states, as in Reimers & Gurevych 2019',
    scores: async questions =>
      (await embed(questions)).map(asked => Float64Array.from(known, own => dot(own, asked))),
  }
}

/** The vectors are of length 1. */
const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
