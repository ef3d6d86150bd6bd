import { z } from 'zod'
import { type AskRequest, plainText } from '../../ask-request.ts'
import { invalid, unsupported } from './parameters.ts'

type Json = Record<string, unknown>

export const functionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)

/** A function that a program offers. */
export const offered = z.object({
  name: functionName,
  description: plainText.max(4_000).nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
})
export type Offered = z.output<typeof offered>

export type Constraint = NonNullable<AskRequest['constraint']>

/** A call that the model has to make, and what it is told of its choice. */
export interface Forced {
  readonly constraint: Constraint
  readonly instructions: string
}

/** Which functions may be called: all, one by name, or none of them. `auto` needs a chat template that knows of tools. */
export type Choice = 'none' | 'auto' | 'required' | { readonly name: string }

/**
 * The functions as a constraint on what is written: `{"name": …, "arguments": …}` of one of them; undefined where none is to
 * be called. Throws `parameter-unsupported` for `auto`, and `parameter-invalid` for a name that is not offered.
 */
export const forcedCall = (functions: readonly Offered[], choice: Choice | undefined): Forced | undefined => {
  if (functions.length === 0 || choice === 'none') return undefined
  if (choice === undefined || choice === 'auto')
    throw unsupported(
      'tool_choice',
      'This model cannot decide by itself whether to call a function: its chat template knows of none.',
      "Set 'tool_choice' to 'required', to a function's name, or to 'none'.",
    )
  const named = choice === 'required' ? functions : functions.filter(({ name }) => name === choice.name)
  if (named.length === 0)
    throw invalid("'tool_choice' names a function that is not in 'tools'.", 'tool_choice')
  const defs: Json = {}
  const calls = named.map((item, at) => callSchema(item, `f${at}_`, defs))
  const [only] = calls
  return {
    constraint: {
      kind: 'json-schema',
      schema: { ...(calls.length === 1 ? only : { anyOf: calls }), $defs: defs },
    },
    instructions: `Call one of these functions:\n${named.map(({ name, description }) => `${name}: ${description ?? ''}`).join('\n')}`,
  }
}

const callSchema = ({ name, parameters }: Offered, prefix: string, defs: Json): Json => ({
  type: 'object',
  properties: { name: { const: name }, arguments: hoisted(parameters ?? nothing, prefix, defs) },
  required: ['name', 'arguments'],
  additionalProperties: false,
})

const nothing = { type: 'object', properties: {}, additionalProperties: false }

/** A schema that is to stand inside another: its definitions move to the outer one under names of their own. */
const hoisted = (schema: Json, prefix: string, defs: Json): unknown => {
  const { $defs, definitions, $schema: _, ...rest } = schema
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === '$ref' && typeof item === 'string'
          ? item.replace(/^#\/(?:\$defs|definitions)\//, `#/$defs/${prefix}`)
          : moved(item),
      ]),
    )
  }
  for (const [name, item] of Object.entries({ ...Object($defs), ...Object(definitions) }))
    defs[`${prefix}${name}`] = moved(item)
  return moved(rest)
}

/** The call that a forced answer is. Where the limit cut it, its arguments are what there is of them. */
export const callOf = (answer: string): { name: string; arguments: string } => {
  try {
    const { name, arguments: given } = JSON.parse(answer)
    return { name, arguments: JSON.stringify(given) }
  } catch {
    const [, name = '', given = ''] =
      /^\s*\{\s*"name"\s*:\s*"([^"]*)"(?:\s*,\s*"arguments"\s*:\s*([\s\S]*))?/.exec(answer) ?? []
    return { name, arguments: given }
  }
}

/** `response_format`, or `text.format` of a response, as a constraint. */
export const format = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string().optional(),
      schema: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
])

export const constraintOf = (wanted: z.output<typeof format> | undefined): Constraint | undefined => {
  if (wanted?.type === 'json_object') return { kind: 'json' }
  if (wanted?.type !== 'json_schema') return undefined
  const { schema } = wanted.json_schema
  return schema === undefined ? { kind: 'json' } : { kind: 'json-schema', schema }
}
