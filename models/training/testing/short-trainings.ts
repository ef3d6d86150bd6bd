import { resolve } from 'node:path'
import { openModel } from '../../model.ts'
import type { TokenExample } from '../../packing.ts'
import { trainPreferences } from '../preference-training.ts'
import { defaultRecipe, type Progress, type Recipe, type TrainResult } from '../recipe.ts'
import { train } from '../train.ts'

const folder = resolve(import.meta.dirname, '../../golden/llama-tied/base')
const base = { name: 'tiny', hash: '0'.repeat(64) }
const recipe: Recipe = {
  ...defaultRecipe,
  rank: 4,
  alpha: 8,
  epochs: 3,
  batch: 4,
  learningRate: 5e-3,
  checkpointEvery: 3,
}

const exampleOf = (i: number, seed: number): TokenExample => {
  const question = Array.from({ length: 3 + (i % 5) }, (_, t) => 3 + ((i * 31 + t * 17) % 300))
  const answer = question.map(token => 3 + ((token * seed) % 300))
  return { tokens: [1, ...question, ...answer, 2], answerStart: question.length + 1, weight: 1 }
}
const some = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i))
const pairOf = (i: number) => ({ chosen: exampleOf(i, 1), rejected: exampleOf(i, 7) })

/** Steps of both after which the adapter is kept. */
export const keepAt = [2, 8]

/** Two trainings of twelve steps, each with an evaluation after every second one: of answers, and of preferences. */
export const shortTrainings = {
  async answers(into: string, onProgress?: (progress: Progress) => void): Promise<TrainResult> {
    const model = await openModel(folder, 1)
    const evaluation = { examples: some(4, i => exampleOf(50 + i, 1)), every: 2, patience: 9 }
    const options = { folder: into, evaluation, keepAt, ...(onProgress ? { onProgress } : {}) }
    return train(model, { base, examples: some(16, i => exampleOf(i, 1)), recipe, options }).finally(
      model.close,
    )
  },
  async preferences(into: string, onProgress?: (progress: Progress) => void): Promise<TrainResult> {
    const model = await openModel(folder, 1)
    const evaluation = { examples: some(3, i => pairOf(50 + i)), every: 2, patience: 9 }
    const options = { folder: into, evaluation, keepAt, ...(onProgress ? { onProgress } : {}) }
    return trainPreferences(model, { base, pairs: some(16, pairOf), recipe, options }).finally(model.close)
  },
}
