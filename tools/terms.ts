import { z } from 'zod'
import { parseUnits } from '../infra/units.ts'
import { limits } from './limits.ts'

/** An amount of tokens as people write it, such as `12.5`; read as units (10^-6 token). */
export const tokens = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,6})?$/, 'write a number with at most six decimals, such as 12.5')
  .transform(parseUnits)

/** An amount in smallest units as verbs return it. */
export const unitsText = z.string().regex(/^-?\d+$/)

export const modelName = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'use lower-case letters, digits and single hyphens, such as med-qa')
  .min(3)
  .max(40)

/** How income is divided, percent. A part whose receivers do not exist yet goes to the commons. */
export const split = z
  .object({
    contributors: z.number().int().min(0).max(100),
    proposer: z.number().int().min(0).max(100),
    compute: z.number().int().min(0).max(100),
    reviewers: z.number().int().min(0).max(100),
    commons: z.number().int().min(0).max(100),
    protocol: z.number().int().min(0).max(100),
  })
  .refine(parts => Object.values(parts).reduce((sum, part) => sum + part, 0) === 100, {
    error: 'the parts must add up to 100',
  })

export type Split = z.infer<typeof split>

export const defaultSplit: Split = {
  contributors: 60,
  proposer: 15,
  compute: 10,
  reviewers: 5,
  commons: 5,
  protocol: 5,
}

export const question = z.string().trim().min(3).max(limits.rowCharacters)

/** One held-out question with its answer. */
export const evaluationRow = z.object({ question, answer: question })
export type EvaluationRow = z.infer<typeof evaluationRow>

/**
 * A proposal as it is voted on, and from then on the datanet's constitution: nothing in it changes without a new vote.
 * The held-out rows are named by hash only, so that nobody can train on them.
 */
export const terms = z.object({
  name: modelName,
  purpose: z.string().trim().min(20).max(600),
  base: z.object({ name: z.string(), hash: z.string() }),
  dataWanted: z.string().trim().min(10).max(600),
  licences: z.array(z.string().trim().min(2).max(60)).min(1).max(20),
  rowsWanted: z.number().int().min(10).max(1_000_000),
  evaluation: z.object({
    blob: z.string(),
    rows: z.number().int(),
    minimumImprovement: z.number().min(1).max(95),
  }),
  split,
  priceUnits: unitsText,
  bondUnits: unitsText,
})

export type Terms = z.infer<typeof terms>
