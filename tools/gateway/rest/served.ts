import { scopeOf, type Verb } from '../../registry.ts'
import { inputFields, isFlat } from '../openapi/schema.ts'

/** The methods that a verb's route takes; the last one is the one to recommend. */
export const methodsOf = (verb: Verb): readonly string[] =>
  verb.effect === 'read' && isFlat(verb) ? ['GET', 'HEAD', 'POST'] : ['POST']

/** Whether somebody without an account may pay for it as they ask. */
export const isSold = (verb: Verb): boolean => verb.cost !== undefined && scopeOf(verb) === 'ask'

/** Whether a verb lists a page at a time: it takes `before` and tells `next`. */
export const isPaged = (verb: Verb): boolean => Object.hasOwn(inputFields(verb), 'before')
