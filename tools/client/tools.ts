import type { DynamicStructuredTool } from '@langchain/core/tools'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { isFault } from '../../infra/errors.ts'
import type { TributaryClient } from './client.ts'
import type { VerbInput, VerbName } from './types.ts'

/** A schema of JSON Schema, as the node publishes it. */
type JsonSchema = Record<string, unknown>

/** A verb as the node's /openapi.json describes it. */
export interface Described {
  readonly name: VerbName
  readonly description: string
  readonly schema: JsonSchema
  /** Roles that may call it, `anyone` among them where everybody may. */
  readonly who: readonly string[]
  /** Whether it is served to strangers who pay for it. */
  readonly sold: boolean
}

/**
 * The verbs that the client's caller may call, as LangChain tools: names, descriptions and schemas are the node's own. A
 * tool answers with the verb's output as JSON. A refusal that the agent can mend comes back as `{ error, fix }`, one for want
 * of a scope too; any other error is thrown. `only` narrows them to some names: an agent that reads what strangers wrote
 * should get none that moves money. A call that a durable graph makes again after a crash is done and paid once.
 */
export const tools = async (
  client: TributaryClient,
  { only }: { readonly only?: readonly VerbName[] } = {},
): Promise<DynamicStructuredTool[]> => {
  const [{ tool }, described] = await Promise.all([import('@langchain/core/tools'), client.verbs()])
  return described
    .filter(({ name }) => only === undefined || only.includes(name))
    .map(({ name, description, schema }) => {
      const answer = async (input: unknown, run: Run): Promise<string> => {
        const idempotencyKey = keyOf(name, input, run)
        const options = { signal: run.signal, ...(idempotencyKey === null ? {} : { idempotencyKey }) }
        try {
          return JSON.stringify(await client.call(name, input as VerbInput<typeof name>, options))
        } catch (error) {
          if (isFault(error) && error.blame === 'person')
            return JSON.stringify({ error: error.message, fix: error.fix })
          throw error
        }
      }
      // What LangChain makes of a schema that is data is the general tool.
      return tool(answer, { name, description, schema: schema as never }) as unknown as DynamicStructuredTool
    })
}

/** What LangChain tells a tool of the run that it is called in. */
interface Run {
  readonly signal?: AbortSignal
  readonly toolCall?: { readonly id?: string }
  readonly configurable?: { readonly thread_id?: string }
}

/** A durable graph that is resumed makes the same call of the same thread again: it must not pay again. */
const keyOf = (name: string, input: unknown, { toolCall, configurable }: Run): string | null =>
  toolCall?.id === undefined || configurable?.thread_id === undefined
    ? null
    : sha256Hex(canonicalJson({ thread: configurable.thread_id, call: toolCall.id, name, input }))

/** Reads the verbs out of an OpenAPI document, with the schemas that others refer to in place of the reference. */
export const describedBy = (document: unknown): Described[] =>
  Object.entries(member(document, 'paths')).flatMap(([path, operations]) => {
    const name = /^\/api\/verbs\/([a-z-]+)$/.exec(path)?.[1]
    const post = member(operations, 'post')
    if (name === undefined || Object.keys(post).length === 0) return []
    const content = member(member(post, 'requestBody'), 'content')
    const schema = inPlace(member(member(content, 'application/json'), 'schema'), document, 0)
    const description = String(post.summary ?? post.description ?? name)
    const who = Array.isArray(post['x-who']) ? post['x-who'].map(String) : ['anyone']
    const open =
      Array.isArray(post.security) && post.security.some(way => Object.keys(Object(way)).length === 0)
    return [
      {
        name: name as VerbName,
        description,
        schema: { type: 'object', ...(schema as JsonSchema) },
        who,
        sold: open && !who.includes('anyone'),
      },
    ]
  })

const member = (value: unknown, name: string): Record<string, unknown> => {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {}
}

/** Deeper than any schema of a verb: one that refers to itself ends there. */
const DEEPEST = 20

const inPlace = (schema: unknown, document: unknown, depth: number): unknown => {
  if (Array.isArray(schema)) return schema.map(part => inPlace(part, document, depth + 1))
  if (typeof schema !== 'object' || schema === null || depth > DEEPEST) return schema
  const { $ref, ...rest } = schema as JsonSchema
  const named = typeof $ref === 'string' && $ref.startsWith('#/') ? $ref.slice(2).split('/') : null
  const whole =
    named === null ? rest : { ...named.reduce<Record<string, unknown>>(member, Object(document)), ...rest }
  return Object.fromEntries(
    Object.entries(whole).map(([key, part]) => [key, inPlace(part, document, depth + 1)]),
  )
}
