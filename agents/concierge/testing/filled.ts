import { z } from 'zod'
import { unitsText } from '../../../tools/terms.ts'

/** A value that a schema allows, with `text` wherever it takes free text: as ids, names and reasons too. */
export const filled = (schema: z.core.$ZodType, text: string): unknown => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return filled(schema.unwrap(), text)
  if (schema instanceof z.ZodObject)
    return Object.fromEntries(Object.entries(schema.shape).map(([key, part]) => [key, filled(part, text)]))
  if (schema instanceof z.ZodArray) return [filled(schema.element, text), filled(schema.element, text)]
  if (schema instanceof z.ZodRecord) return { [text]: text }
  if (schema instanceof z.ZodEnum) return schema.options[0]
  if (schema instanceof z.ZodNumber) return 3
  if (schema instanceof z.ZodBoolean) return true
  if (schema instanceof z.ZodUnion) return filled(schema.options[0] as z.core.$ZodType, text)
  return schema === unitsText ? '5000000' : text
}
