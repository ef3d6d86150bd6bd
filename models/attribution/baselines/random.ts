import { createHash } from 'node:crypto'
import { uniform } from '../../sampling.ts'
import type { Method } from '../judge/method.ts'

/** Scores that know nothing: uniform in 0..1, decided by the seed and the question alone. */
export const random = (rows: number, seed: number): Method => ({
  name: 'random',
  source: 'a seeded generator; the floor that a method must clear',
  scores: async questions =>
    questions.map(({ prompt, answer }) => {
      const draw = uniform(seedOf(JSON.stringify([seed, prompt, answer])))
      return Float64Array.from({ length: rows }, draw)
    }),
})

const seedOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32LE()
