import {
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { canonicalJson, sha256Hex } from '../../../infra/canonical.ts'
import { newId } from '../../../infra/ids.ts'
import { formatUnits } from '../../../infra/units.ts'
import type { Caller } from '../../context.ts'
import { scopeOf, type Verb } from '../../registry.ts'
import { identityOf } from './caller.ts'
import type { Desk } from './server.ts'

/** What a person is asked about, signed by us and carried by the client between question and answer. */
export interface Confirmed {
  readonly verb: string
  readonly inputHash: string
  /** The idempotency key of what the yes is for: one yes does one thing, however often its answer is sent. */
  readonly key: string
}

/** What to do with a call: go on (under the key that the yes is for, where one was needed), ask first, or leave it. */
export type Verdict =
  | { readonly kind: 'go'; readonly key?: string }
  | { readonly kind: 'ask'; readonly result: InputRequiredResult }
  | { readonly kind: 'declined' }

const HOUR = 3_600_000
const REMEMBERED = 10_000

/** What a yes still covers: asking one model at one price, for an hour, as in the chats. */
export const openConsents = (now: () => Date) => {
  const since = new Map<string, number>()
  return {
    has: (what: string): boolean => now().getTime() - (since.get(what) ?? Number.NEGATIVE_INFINITY) < HOUR,
    add: (what: string): void => {
      since.delete(what)
      since.set(what, now().getTime())
      for (const oldest of since.keys()) {
        if (since.size <= REMEMBERED) break
        since.delete(oldest)
      }
    },
  }
}

/**
 * Asks the person behind a client that can (elicitation by form) before money moves or a vote is cast. A client that
 * cannot is one whose key, or whose own approval of tools, stands for the person: see infra/decisions/mcp.md.
 */
export const confirm = async (
  desk: Desk,
  server: McpServer,
  context: ServerContext,
  caller: Caller,
  verb: Verb,
  input: unknown,
): Promise<Verdict> => {
  if ((verb.effect !== 'money' && verb.effect !== 'vote') || !asksPeople(server, context))
    return { kind: 'go' }
  const parsed = verb.input.safeParse(input)
  // The call itself says what is wrong with it: nobody is asked about what cannot be done.
  if (!parsed.success) return { kind: 'go' }
  const cost = await verb.cost?.(desk.network, caller, parsed.data)
  const covered = scopeOf(verb) === 'ask' ? `${identityOf(caller)} ${modelOf(parsed.data)} ${cost}` : null
  const inputHash = hashOf(parsed.data)
  if (inputHash === undefined) return { kind: 'go' }
  const asked = context.mcpReq.requestState<Confirmed>()
  const answer = inputResponse(context.mcpReq.inputResponses, 'confirm')
  // Before what a yes still covers: this one has a key of its own, under which it is done once.
  if (answer.kind === 'elicit' && asked?.verb === verb.name && asked.inputHash === inputHash) {
    if (answer.action !== 'accept') return { kind: 'declined' }
    if (covered !== null) desk.consents.add(covered)
    return { kind: 'go', key: asked.key }
  }
  if (covered !== null && (cost === 0n || desk.consents.has(covered))) return { kind: 'go' }
  return {
    kind: 'ask',
    result: inputRequired({
      inputRequests: {
        confirm: inputRequired.elicit({
          message: question(verb, known(input, parsed.data), cost),
          // Nothing to fill in: to accept is the yes.
          requestedSchema: { type: 'object', properties: {} },
        }),
      },
      requestState: await desk.states.mint({ verb: verb.name, inputHash, key: newId() }, context),
    }),
  }
}

/** A bare `elicitation: {}` means forms, from before there were other modes. */
const asksPeople = (server: McpServer, { mcpReq }: ServerContext): boolean => {
  const envelope = mcpReq.envelope as Record<string, unknown> | undefined
  const declared = (envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities()) as
    | { elicitation?: { form?: unknown; url?: unknown } }
    | undefined
  const elicitation = declared?.elicitation
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
}

const modelOf = (input: unknown): string =>
  String((input as { model?: unknown }).model ?? '')
    .trim()
    .toLowerCase()

/** Undefined for what the call itself will refuse, as it cannot be stored. */
const hashOf = (parsed: unknown): string | undefined => {
  try {
    return sha256Hex(canonicalJson(parsed))
  } catch {
    return undefined
  }
}

/** The input without what the verb does not know: a person is not to be told of it as if it counted. */
const known = (input: unknown, parsed: unknown): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(input as object).filter(([name]) => Object.hasOwn(parsed as object, name)),
  )

const VALUE_CHARACTERS = 200

const question = (verb: Verb, input: Record<string, unknown>, cost: bigint | undefined): string => {
  const values = Object.entries(input).map(([name, value]) => {
    // A line of its own could pass for one of ours, such as the cost.
    const text =
      typeof value === 'string' && !/[\p{Cc}\u2028\u2029]/u.test(value) ? value : JSON.stringify(value)
    return `${name}: ${text.length > VALUE_CHARACTERS ? `${text.slice(0, VALUE_CHARACTERS)} … (${text.length} characters)` : text}`
  })
  const price = cost === undefined || cost === 0n ? [] : [`cost: ${formatUnits(cost)} tokens`]
  return [`"${verb.name}": ${verb.summary}`, ...values, ...price, 'Do it?'].join('\n')
}
