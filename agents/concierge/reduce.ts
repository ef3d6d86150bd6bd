import { z } from 'zod'
import { unitsText } from '../../tools/terms.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/
/** Items of a list that a prompt gets; the rest is a count. */
const most = 8

/**
 * What of a verb's output may reach a prompt: numbers, booleans, enums, amounts in units, ids and times. Every other text is
 * left out, since people or models may have written it, keys of free records included. A name that `handleOf` knows becomes
 * its handle. Fields are taken from the verb's own schema: nothing that it does not declare gets through.
 */
export const reduceOutput = (
  schema: z.core.$ZodType,
  value: unknown,
  handleOf: (name: string) => string | undefined,
  key = '',
): unknown => {
  if (value === null || value === undefined) return value === null ? null : undefined
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return reduceOutput(schema.unwrap(), value, handleOf, key)
  if (schema instanceof z.ZodPipe) return reduceOutput(schema.out, value, handleOf, key)
  if (schema instanceof z.ZodUnion) {
    const option = schema.options.find(item => z.safeParse(item, value).success)
    return option === undefined ? undefined : reduceOutput(option, value, handleOf, key)
  }
  if (schema instanceof z.ZodObject) return reduceObject(schema, value, handleOf)
  if (schema instanceof z.ZodArray) {
    if (!Array.isArray(value)) return undefined
    const items = value
      .slice(0, most)
      .map(item => reduceOutput(schema.element, item, handleOf, key))
      .filter(item => item !== undefined)
    return value.length > most ? [...items, { more: value.length - most }] : items
  }
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral)
    return schema.safeParse(value).success ? value : undefined
  if (schema instanceof z.ZodNumber) return typeof value === 'number' ? value : undefined
  if (schema instanceof z.ZodBoolean) return typeof value === 'boolean' ? value : undefined
  return schema instanceof z.ZodString ? reduceText(schema, value, handleOf, key) : undefined
}

const reduceObject = (
  schema: z.ZodObject,
  value: unknown,
  handleOf: (name: string) => string | undefined,
): Record<string, unknown> | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const entries = Object.entries(schema.shape).flatMap(([key, part]) => {
    const kept = reduceOutput(part, Reflect.get(value, key), handleOf, key)
    return kept === undefined ? [] : [[key, kept] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

const reduceText = (
  schema: z.ZodString,
  value: unknown,
  handleOf: (name: string) => string | undefined,
  key: string,
): string | undefined => {
  if (typeof value !== 'string') return undefined
  if (schema === unitsText) return /^-?\d{1,40}$/.test(value) ? value : undefined
  if (/^(?:id|.+Id)$/.test(key)) return uuid.test(value) ? value : undefined
  if (/^(?:at|.+At|activeAfter)$/.test(key)) return moment.test(value) ? value : undefined
  return key === 'name' || key === 'model' || key === 'proposal' ? handleOf(value) : undefined
}
