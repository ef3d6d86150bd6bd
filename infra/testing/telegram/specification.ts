import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Field {
  readonly name: string
  readonly types: readonly string[]
  readonly required: boolean
}

interface Specified {
  readonly methods: Readonly<Record<string, { fields?: readonly Field[]; returns: readonly string[] }>>
  readonly types: Readonly<Record<string, { fields?: readonly Field[]; subtypes?: readonly string[] }>>
}

/** Holds calls and answers to the published description of the Bot API; each check returns sentences, none where all is right. */
export interface Specification {
  call(method: string, fields: Readonly<Record<string, unknown>>, uploads: ReadonlySet<string>): string[]
  result(method: string, result: unknown): string[]
  value(type: string, value: unknown, at: string): string[]
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const SIMPLE: Readonly<Record<string, (value: unknown) => boolean>> = {
  Integer: value => Number.isInteger(value),
  Float: value => typeof value === 'number',
  String: value => typeof value === 'string',
  Boolean: value => typeof value === 'boolean',
  True: value => value === true,
  InputFile: value => typeof value === 'string' && value.startsWith('attach://'),
}

/** Values that a form carries as text, read as the type that the field has. */
const fromText = (value: unknown, types: readonly string[]): unknown => {
  if (typeof value !== 'string' || types.includes('String')) return value
  if (types.includes('InputFile')) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

export const specificationOf = ({ methods, types }: Specified): Specification => {
  const value = (type: string, given: unknown, at: string): string[] => {
    const list = /^Array of (.+)$/.exec(type)?.[1]
    if (list !== undefined) {
      if (!Array.isArray(given)) return [`${at} must be a list of ${list}`]
      return given.flatMap((one, index) => value(list, one, `${at}[${index}]`))
    }
    const simple = SIMPLE[type]
    if (simple !== undefined) return simple(given) ? [] : [`${at} must be ${type}`]
    const known = types[type]
    if (known === undefined) return [`${at} has the unknown type ${type}`]
    if (known.subtypes !== undefined) return anyOf(known.subtypes, given, at)
    return isObject(given) ? record(known.fields ?? [], given, at) : [`${at} must be ${type}`]
  }

  const anyOf = (choices: readonly string[], given: unknown, at: string): string[] => {
    const tries = choices.map(type => value(type, given, at))
    // The nearest one speaks: the type with the fewest complaints.
    return tries.reduce((best, one) => (one.length < best.length ? one : best), tries[0] ?? [])
  }

  const record = (fields: readonly Field[], given: Record<string, unknown>, at: string): string[] => [
    ...fields.flatMap(field => {
      const held = given[field.name]
      if (held === undefined || held === null)
        return field.required ? [`${at}.${field.name} is required`] : []
      return anyOf(field.types, held, `${at}.${field.name}`)
    }),
    ...Object.keys(given)
      .filter(name => !fields.some(field => field.name === name))
      .map(name => `${at}.${name} is unknown`),
  ]

  return {
    value,
    call: (method, given, uploads) => {
      const known = methods[method]
      if (known === undefined) return [`${method} is no method of the Bot API`]
      const fields = known.fields ?? []
      const read: Record<string, unknown> = {}
      for (const [name, held] of Object.entries(given)) {
        const field = fields.find(one => one.name === name)
        read[name] = field === undefined ? held : fromText(held, field.types)
      }
      for (const { name } of fields) if (uploads.has(name)) read[name] ??= `attach://${name}`
      return record(fields, read, method)
    },
    result: (method, result) => anyOf(methods[method]?.returns ?? [], result, `answer of ${method}`),
  }
}

/** The description in the folder that TRIBUTARY_SPECS names; undefined where it names none. */
export const readSpecification = (folder = process.env.TRIBUTARY_SPECS): Specification | undefined =>
  folder === undefined || folder === ''
    ? undefined
    : specificationOf(JSON.parse(readFileSync(join(folder, 'telegram-bot-api.json'), 'utf8')))
