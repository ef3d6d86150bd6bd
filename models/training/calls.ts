import type { Engine } from '../engine.ts'
import type { Model } from '../model.ts'
import type { Tokenizer } from '../tokenizer.ts'
import { trainEnsemble } from './ensemble-training.ts'
import { tokeniseExamples, tokenisePairs } from './examples.ts'
import { defaultMemoryBytes } from './memory.ts'
import { trainPreferences } from './preference-training.ts'
import { rangeCheck } from './range-check.ts'
import type { Example, Recipe } from './recipe.ts'
import { train } from './train.ts'

/** The engine's calls that tune, on text instead of tokens. */
type TrainingCalls = Pick<Engine, 'train' | 'trainPreferences' | 'rangeCheck' | 'trainTogether'>

export interface TrainingParts {
  model: Model
  tokenizer: Tokenizer
  base: { name: string; hash: string }
  /** Memory that the process may take, bytes. */
  memoryBytes?: number | undefined
  /** Awaited before each step. */
  pause: () => Promise<unknown>
}

/** Errors of all four: those of `tokeniseExamples` and `tokenisePairs`, before anything is computed. */
export function trainingCalls(parts: TrainingParts): TrainingCalls {
  const { model, tokenizer, base, pause, memoryBytes = defaultMemoryBytes() } = parts
  // A limit that is no number of tokens is the recipe's own fault, which `checkRecipe` names.
  const limit = ({ maxTokens }: Recipe): number =>
    maxTokens > 1 ? Math.min(maxTokens, model.config.context) : model.config.context
  const examplesOf = (examples: readonly Example[], recipe: Recipe) =>
    tokeniseExamples(tokenizer, examples, limit(recipe), true)
  return {
    trainTogether: async (members, recipe, options) =>
      trainEnsemble(model, {
        base,
        members: members.map(member => ({ ...member, examples: examplesOf(member.examples, recipe) })),
        recipe,
        options,
        pause,
      }),
    train: async (examples, recipe, { evaluation, ...options }) =>
      train(model, {
        base,
        examples: examplesOf(examples, recipe),
        recipe,
        options: {
          ...options,
          ...(evaluation
            ? { evaluation: { ...evaluation, examples: examplesOf(evaluation.examples, recipe) } }
            : {}),
        },
        memoryBytes,
        pause,
      }),
    trainPreferences: async (pairs, recipe, { evaluation, ...options }) =>
      trainPreferences(model, {
        base,
        pairs: tokenisePairs(tokenizer, pairs, limit(recipe)),
        recipe,
        options: {
          ...options,
          ...(evaluation
            ? {
                evaluation: {
                  ...evaluation,
                  examples: tokenisePairs(tokenizer, evaluation.examples, limit(recipe)),
                },
              }
            : {}),
        },
        memoryBytes,
        pause,
      }),
    rangeCheck: async (examples, recipe, options) =>
      rangeCheck(model, { examples: examplesOf(examples, recipe), recipe, options, memoryBytes, pause }),
  }
}
