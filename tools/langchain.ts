import { tool } from 'langchain'
import type { z } from 'zod'
import { isFault } from '../infra/errors.ts'
import type { Caller, Network } from './context.ts'
import { call, mayCall, type Verb } from './registry.ts'
import { verbs } from './verbs.ts'

/** Every verb takes one object, which is what a tool's schema has to be. */
const schemaOf = (verb: Verb): z.ZodObject => verb.input as z.ZodObject

/**
 * The verbs that a caller may call, as LangChain tools for an agent of theirs: same names, same schemas, same permissions.
 * `only` narrows them to some names, such as those that read. A tool answers with the verb's output as JSON; a refusal
 * that the agent can mend comes back as `{ error, fix }`, and any other error is thrown.
 */
export const langchainTools = (network: Network, caller: Caller, only?: readonly string[]) =>
  verbs
    .filter(verb => mayCall(verb, caller))
    .filter(verb => only === undefined || only.includes(verb.name))
    .map(verb => {
      const answer = async (input: unknown): Promise<string> => {
        try {
          return JSON.stringify(await call(network, caller, verb, input))
        } catch (error) {
          if (isFault(error) && error.blame === 'person')
            return JSON.stringify({ error: error.message, fix: error.fix })
          throw error
        }
      }
      return tool(answer, { name: verb.name, description: verb.summary, schema: schemaOf(verb) })
    })
