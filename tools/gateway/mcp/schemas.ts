import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import type { Verb } from '../../registry.ts'
import { inputSchema, type JsonSchema, outputSchema } from '../openapi/schema.ts'

/**
 * A verb's schemas as MCP lists them. They only describe: `call` itself checks what comes in and goes out, and says what is
 * wrong in the words that every surface uses.
 */
export const schemasOf = (verb: Verb) => ({
  input: described(inputSchema(verb)),
  output: described(outputSchema(verb)),
})

/** A schema that only describes: it lets everything through. */
export const described = (schema: JsonSchema): StandardSchemaWithJSON => {
  // The 2025-11-25 revision takes objects only; a union of objects does not say that it is one.
  const json = schema.type === undefined ? { type: 'object', ...schema } : { ...schema }
  return {
    '~standard': {
      version: 1,
      vendor: 'tributary',
      validate: value => ({ value }),
      jsonSchema: { input: () => json, output: () => json },
    },
  }
}
