import type { Context } from 'hono'
import { z } from 'zod'
import { fault } from '../../../infra/errors.ts'
import type { Verb } from '../../registry.ts'
import type { Env } from '../gate.ts'
import { inputFields, inputSchema, type JsonSchema } from '../openapi/schema.ts'

/** Objects and lists within each other; no verb takes more than four. */
const DEPTH = 32

/** Members of all its objects and lists, of nobody in particular: one that is wrong costs far more than to send it. */
const MEMBERS = 16_384

/** How many faults of an input are named at once. */
const NAMED = 5

/**
 * The JSON object in a request's body; `{}` where there is none. Throws `media-type-unsupported`, `body-invalid` (no JSON
 * in UTF-8), `body-too-deep` and `input-invalid` (JSON, but no object).
 */
export const readBody = async (c: Context<Env>): Promise<unknown> => {
  const bytes = await c.req.arrayBuffer()
  if (bytes.byteLength === 0) return {}
  if (!isJson(c.req.header('content-type')) || !isPlain(c.req.header('content-encoding')))
    throw fault('media-type-unsupported', 'The body is not declared as JSON.', {
      fix: 'Send "content-type: application/json", in UTF-8 and without a content-encoding.',
    })
  const body = parse(bytes)
  if (c.get('caller').role === 'anyone' && membersOver(body, MEMBERS))
    throw fault('input-invalid', `The body has more than ${MEMBERS} members.`, {
      fix: 'Send a smaller object.',
    })
  return body
}

/** The input that query parameters stand for: numbers, booleans and lists where the schema wants them. Throws `input-invalid`. */
export const readQuery = (c: Context<Env>, verb: Verb): unknown => {
  const fields = inputFields(verb)
  const input: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(c.req.queries())) {
    const schema = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (schema === undefined) continue
    if (schema.type === 'array') input[name] = given.map(text => fromText(text, itemsOf(schema).type))
    else if (given.length === 1) input[name] = fromText(given[0] as string, schema.type)
    else
      throw fault('input-invalid', `"${verb.name}" cannot take this: ${name}: given ${given.length} times.`, {
        fix: 'Give every parameter once.',
      })
  }
  return input
}

const checkers = new WeakMap<Verb, z.ZodType>()

const checkerOf = (verb: Verb): z.ZodType => {
  const checker = checkers.get(verb) ?? z.fromJSONSchema(inputSchema(verb) as z.core.JSONSchema.JSONSchema)
  checkers.set(verb, checker)
  return checker
}

/** Holds an input to the published schema, before the verb's own. Throws `input-invalid` with the fields that are wrong. */
export const checkInput = (verb: Verb, input: unknown): void => {
  const unstorable = findUnstorable(input)
  if (unstorable !== undefined)
    throw fault(
      'input-invalid',
      `"${verb.name}" cannot take this: ${unstorable} holds what cannot be stored.`,
      {
        fix: 'Leave out NUL characters, halves of surrogate pairs and numbers beyond what JSON programs read.',
      },
    )
  const checked = checkerOf(verb).safeParse(input)
  const own = checked.success ? verb.input.safeParse(input) : checked
  if (own.success) return
  const faults = own.error.issues
    .slice(0, NAMED)
    .map(issue => `${issue.path.join('.') || 'input'}: ${issue.message}`)
  throw fault('input-invalid', `"${verb.name}" cannot take this: ${faults.join('; ').slice(0, 600)}.`, {
    fix: `Correct the named fields; /openapi.json tells what "${verb.name}" takes.`,
    facts: { faults: own.error.issues.length },
  })
}

/** The path of a text or number that no database keeps as it is: names as they were sent are not repeated. */
const findUnstorable = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return isStorable(value) ? undefined : 'input'
  const path = unstorableIn(value)
  return path && ['input', ...path].join('.')
}

// A path is written only where something is found: an input may have hundreds of thousands of members.
const unstorableIn = (value: object): string[] | undefined => {
  const named = !Array.isArray(value)
  for (const name in value) {
    const member: unknown = Reflect.get(value, name)
    const inside =
      typeof member === 'object' && member !== null
        ? unstorableIn(member)
        : isStorable(member)
          ? undefined
          : []
    const found = inside ?? (named && !isStorable(name) ? [] : undefined)
    if (found !== undefined) return [/^[\w-]{1,40}$/.test(name) ? name : '?', ...found]
  }
  return undefined
}

const isStorable = (value: unknown): boolean =>
  typeof value === 'string'
    ? !value.includes('\0') && value.isWellFormed()
    : typeof value !== 'number' || Number.isFinite(value)

const isJson = (type: string | undefined): boolean => {
  const [name = '', ...parameters] = (type ?? '')
    .toLowerCase()
    .split(';')
    .map(part => part.trim())
  const charset = parameters.find(part => part.startsWith('charset='))?.slice('charset='.length)
  return (
    /^application\/(json|[a-z0-9.-]+\+json)$/.test(name) &&
    (charset === undefined || /^"?utf-?8"?$/.test(charset))
  )
}

const isPlain = (encoding: string | undefined): boolean => encoding === undefined || encoding === 'identity'

const parse = (bytes: ArrayBuffer): unknown => {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw fault('body-invalid', 'The body is not JSON in UTF-8.', { fix: 'Send one JSON object.', cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fault('input-invalid', 'The body is JSON, but no object.', { fix: 'Send one JSON object.' })
  if (depthOver(value, DEPTH))
    throw fault('body-too-deep', `The body has more than ${DEPTH} levels.`, { fix: 'Send a flatter object.' })
  return value
}

const itemsOf = ({ items }: JsonSchema): JsonSchema => (items ?? {}) as JsonSchema

/** Whether objects and lists lie deeper within each other than so many levels; it goes no deeper itself. */
export const depthOver = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some(member => depthOver(member, levels - 1)))

const membersOver = (value: unknown, most: number): boolean => {
  let left = most
  const over = (member: unknown): boolean => {
    if (typeof member !== 'object' || member === null) return false
    const members: unknown[] = Object.values(member)
    left -= members.length
    return left < 0 || members.some(over)
  }
  return over(value)
}

const fromText = (text: string, type: unknown): unknown => {
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
