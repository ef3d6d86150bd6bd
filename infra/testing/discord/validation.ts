import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ajv2020 as Ajv, ValidateFunction } from 'ajv/dist/2020.js'

export interface Violation {
  /** `POST /channels/:id/messages`. */
  readonly route: string
  /** What is wrong, and where in the body. */
  readonly problems: readonly string[]
}

/** Checks a request's body; returns the violation, or null. */
export type Validate = (route: string, original: boolean, body: unknown) => Violation | null

interface Specification {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Opened once for a folder: reading and compiling takes half a second. */
const opened = new Map<string, Promise<Validate>>()

/** Bit sets that travel as decimal text, as Discord's documentation says and discord.js sends; the document calls them integers. */
const BIT_SETS = new Set(['default_member_permissions', 'permissions', 'allow', 'deny'])

const asSpecified = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body), (key, value: unknown) =>
    BIT_SETS.has(key) && typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value,
  )

/**
 * Checks bodies against Discord's own OpenAPI document, `discord-openapi.json` in the folder; checks nothing without a folder.
 * Formats are not checked: the document's own (int32, snowflake) are no standard ones.
 */
export const openValidation = async (folder: string | undefined): Promise<Validate> => {
  if (folder === undefined || folder === '') return () => null
  const known = opened.get(folder) ?? load(folder)
  opened.set(folder, known)
  return known
}

const load = async (folder: string): Promise<Validate> => {
  const text = await readFile(join(folder, 'discord-openapi.json'), 'utf8')
  const document = JSON.parse(text) as Specification
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  const ajv: Ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false })
  ajv.addSchema(document, 'discord')
  const byShape = new Map(Object.keys(document.paths).map(path => [shape(path), path]))
  const compiled = new Map<string, ValidateFunction | null>()

  const compile = (method: string, path: string): ValidateFunction | null => {
    const known = byShape.get(shape(path))
    const pointer = [
      'paths',
      known ?? '',
      method.toLowerCase(),
      'requestBody',
      'content',
      'application/json',
      'schema',
    ]
    const found = pointer.reduce<unknown>(
      (node, step) => (node as Record<string, unknown> | undefined)?.[step],
      document,
    )
    if (known === undefined || found === undefined) return null
    const escaped = pointer.map(step => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    return ajv.compile({ $ref: `discord#/${escaped.join('/')}` })
  }

  return (route, original, body) => {
    const key = original ? route.replace(':message', '@original') : route
    const [method, path] = key.split(' ') as [string, string]
    if (!compiled.has(key)) compiled.set(key, compile(method, path))
    const check = compiled.get(key)
    if (check == null || check(asSpecified(body))) return null
    const problems = (check.errors ?? []).map(error => `${error.instancePath || '/'} ${error.message}`)
    return { route, problems }
  }
}

/** A path with its parameters' names forgotten, in either notation. */
const shape = (path: string): string => path.replaceAll(/\{\w+\}|:\w+/g, '{}')
