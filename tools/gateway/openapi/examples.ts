import type { Verb } from '../../registry.ts'
import { inputSchema, type JsonSchema } from './schema.ts'

const id = '0197a3c0-5d1e-7c3a-9b1e-2f6d8c4a7e10'
const rows = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    question: `What is checked in hive ${at + 1}?`,
    answer: 'Whether it has eggs.',
  }))

/** Values by the name of the field, which mean the same in every verb. */
const byName: Readonly<Record<string, unknown>> = {
  model: 'bees',
  proposal: 'bees',
  run: 'bees',
  name: 'bees',
  question: 'When do I harvest honey?',
  answer: id,
  submission: id,
  receipt: id,
  webhook: id,
  notices: [id],
  seq: 1,
  choice: 'yes',
  tokens: '12.5',
  thumb: 1,
  licence: 'CC0-1.0',
  rights: true,
  rows: rows(1),
  evaluation: rows(10),
  purpose: 'Answers questions of people who keep bees.',
  dataWanted: 'Questions about hives with good answers.',
  url: 'https://example.org/tributary',
  kinds: ['model.released'],
  texts: ['When do I harvest honey?'],
  platform: 'terminal',
}

/** A small input that a verb takes: what it asks for, in words where a word is known, in the least value otherwise. */
export const exampleInput = (verb: Verb): Record<string, unknown> =>
  sample(inputSchema(verb)) as Record<string, unknown>

const sample = (schema: JsonSchema, name?: string): unknown => {
  if (name !== undefined && Object.hasOwn(byName, name) && fits(schema, byName[name])) return byName[name]
  if ('const' in schema) return schema.const
  if ('default' in schema) return schema.default
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const [choice] = (schema.anyOf ?? schema.oneOf ?? []) as JsonSchema[]
  if (choice !== undefined) return sample(choice)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object': {
      const fields = (schema.properties ?? {}) as Record<string, JsonSchema>
      const required = (schema.required ?? []) as string[]
      return Object.fromEntries(required.map(field => [field, sample(fields[field] ?? {}, field)]))
    }
    case 'array':
      return Array.from({ length: Number(schema.minItems ?? 0) }, () =>
        sample((schema.items ?? {}) as JsonSchema),
      )
    case 'integer':
    case 'number':
      return Math.max(Number(schema.minimum ?? 1), schema.exclusiveMinimum === undefined ? 1 : 0.5)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return schema.format === 'uuid' ? id : 'x'.repeat(Math.max(1, Number(schema.minLength ?? 1)))
  }
}

const fits = ({ type, enum: values, const: only }: JsonSchema, value: unknown): boolean => {
  if (Array.isArray(values)) return values.includes(value)
  if (only !== undefined) return value === only
  if (type === undefined) return true
  if (type === 'array') return Array.isArray(value)
  return type === 'integer' || type === 'number' ? typeof value === 'number' : typeof value === type
}
