import fc from 'fast-check'
import type { JsonSchema } from '../openapi/schema.ts'

type Any = fc.Arbitrary<unknown>

const uuid = fc.uuid()

/** Values that a schema accepts. */
export const validFor = (schema: JsonSchema): Any => {
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (choices !== undefined) return fc.oneof(...choices.map(validFor))
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]) as (string | undefined)[]
  return fc.oneof(...types.map(type => validOfType({ ...schema, type })))
}

const validOfType = (schema: JsonSchema): Any => {
  switch (schema.type) {
    case 'object':
      return validObject(schema)
    case 'array':
      return fc.array(validFor((schema.items ?? {}) as JsonSchema), {
        minLength: Number(schema.minItems ?? 0),
        maxLength: Math.min(Number(schema.maxItems ?? Infinity), Number(schema.minItems ?? 0) + 2),
      })
    case 'integer': {
      const [min, max] = [Number(schema.minimum ?? -(2 ** 53)), Number(schema.maximum ?? 2 ** 53)]
      const usual = fc.integer({ min: Math.max(min, -100), max: Math.min(max, Math.max(min, 100)) })
      return fc.oneof({ weight: 5, arbitrary: usual }, fc.constantFrom(min, max))
    }
    case 'number':
      return fc.double({
        min: Number(schema.minimum ?? schema.exclusiveMinimum ?? -1e6),
        minExcluded: schema.exclusiveMinimum !== undefined,
        max: Number(schema.maximum ?? 1e6),
        noNaN: true,
      })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'string':
      return validText(schema)
    default:
      return fc.jsonValue()
  }
}

const validObject = (schema: JsonSchema): Any => {
  const fields = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, validFor(field)])), {
    requiredKeys: (schema.required ?? []) as string[],
  })
}

const validText = ({ format, pattern, minLength = 0, maxLength = 1e9 }: JsonSchema): Any => {
  if (format === 'uuid') return uuid
  const [least, most] = [Number(minLength), Math.min(Number(maxLength), Number(minLength) + 30)]
  // The pattern of what is trimmed: any text with enough in it will do.
  if (typeof pattern === 'string' && !pattern.startsWith('\\S'))
    return fc
      .stringMatching(new RegExp(pattern))
      .filter(text => text.length >= least && text.length <= Number(maxLength))
  const letters = fc.string({ minLength: least, maxLength: most })
  return typeof pattern === 'string' ? letters.filter(text => new RegExp(pattern).test(text)) : letters
}

/** What programs send by mistake or on purpose in place of a value. */
export const oddValue: Any = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    ' ',
    0,
    -1,
    0.5,
    -0,
    1e21,
    2 ** 31,
    2 ** 53,
    -(2 ** 63),
    1e308,
    '1',
    '9'.repeat(40),
    'NaN',
    '../../etc/passwd',
    '%00',
    "' or 1=1 --",
    '{{7*7}}',
    '<script>alert(1)</script>',
    '__proto__',
    'a\u0000b',
    '\ud800',
    '\u202e\u0000\ufeff',
    'é'.repeat(3000),
    '👩‍🌾'.repeat(50),
    '00000000-0000-0000-0000-000000000000',
    [],
    [[[]]],
    {},
    { a: { b: { c: null } } },
    ['x'.repeat(10_000)],
  ),
  fc.jsonValue(),
)

/** Inputs that are nearly what a schema of an object accepts: one field left out, odd, or one too many. */
export const nearFor = (schema: JsonSchema): Any =>
  fc
    .tuple(validFor(schema), fc.nat(), fc.constantFrom('odd', 'without', 'more'), oddValue)
    .map(([value, at, how, odd]) => {
      const input = { ...(value as Record<string, unknown>) }
      const names = Object.keys((schema.properties ?? {}) as object)
      const name = names[at % Math.max(1, names.length)]
      if (how === 'more' || name === undefined)
        return { ...input, [how === 'more' ? 'further' : '__proto__']: odd }
      if (how === 'odd') return { ...input, [name]: odd }
      delete input[name]
      return input
    })
