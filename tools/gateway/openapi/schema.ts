import { z } from 'zod'
import type { Verb } from '../../registry.ts'

/** A schema of JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
export type JsonSchema = { readonly [name: string]: unknown }

const remember = (make: (verb: Verb) => JsonSchema): ((verb: Verb) => JsonSchema) => {
  const made = new WeakMap<Verb, JsonSchema>()
  return verb => {
    const schema = made.get(verb) ?? make(verb)
    made.set(verb, schema)
    return schema
  }
}

/** What a verb takes, as JSON: no text stands for a number, and what is trimmed has to hold enough besides its margins. */
export const inputSchema = remember(verb =>
  bare(
    z.toJSONSchema(verb.input, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        const { def } = zodSchema._zod
        if (def.type === 'string') restrictTrimmed(def, jsonSchema)
        if (def.type === 'pipe' && isCoerced(def.in)) {
          const { description } = jsonSchema
          for (const name of Object.keys(jsonSchema)) delete jsonSchema[name]
          const out = bare(z.toJSONSchema(def.out, { io: 'input', unrepresentable: 'any' }))
          Object.assign(jsonSchema, out, description === undefined ? {} : { description })
        }
      },
    }),
  ),
)

/** What a verb answers with. */
export const outputSchema = remember(verb => bare(z.toJSONSchema(verb.output, { io: 'output' })))

const bare = ({ $schema, '~standard': _, ...schema }: Record<string, unknown>): JsonSchema => schema

const isCoerced = (schema: z.core.$ZodType): boolean =>
  'coerce' in schema._zod.def && schema._zod.def.coerce === true

const checksOf = (def: z.core.$ZodTypeDef): readonly z.core.$ZodCheckDef[] =>
  (def.checks ?? []).map(check => check._zod.def)

// zod trims before it counts, JSON Schema counts what was sent.
const restrictTrimmed = (def: z.core.$ZodTypeDef, schema: z.core.JSONSchema.BaseSchema): void => {
  const checks = checksOf(def)
  const least = schema.minLength ?? 0
  if (least === 0 || schema.pattern !== undefined) return
  if (checks.some(({ check }) => check === 'overwrite'))
    schema.pattern = least === 1 ? '\\S' : `\\S[\\s\\S]{${least - 2},}\\S`
}

/** The members of a verb's input by name, with their schemas. */
export const inputFields = (verb: Verb): Readonly<Record<string, JsonSchema>> => {
  const { properties = {} } = inputSchema(verb) as { properties?: Record<string, JsonSchema> }
  return properties
}

const simple = new Set<unknown>(['string', 'integer', 'number', 'boolean'])

/** Whether query parameters can say a verb's whole input: words, numbers, and lists of them. */
export const isFlat = (verb: Verb): boolean =>
  Object.values(inputFields(verb)).every(
    ({ type, items }) =>
      simple.has(type) || (type === 'array' && simple.has((items as JsonSchema | undefined)?.type)),
  )
