import type { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import { fault, isFault } from '../infra/errors.ts'
import { newId } from '../infra/ids.ts'
import { traced } from '../infra/telemetry.ts'
import { release, reserve } from './api-key-budget.ts'
import { audited } from './audit.ts'
import type { Caller, Context, Network, Role, Scope, Update } from './context.ts'
import { beginCall, dropRefusedCall } from './open-calls.ts'

/** What a call changes: surfaces ask for a confirmation before `money` and `vote`, and MCP marks `read` as read-only. */
export type Effect = 'read' | 'write' | 'money' | 'vote'

/** One thing the network can do. A verb written once is a command, a form, a route and a tool. */
export interface Verb<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  N extends string = string,
> {
  readonly name: N
  /** One sentence for help texts, starting with a verb. */
  readonly summary: string
  readonly who: readonly Role[]
  readonly effect: Effect
  /** Never by an API key: what decides over keys, identities or the whole account. */
  readonly inPerson?: true
  /** Only by a surface that knows whom it serves: what a program says of who somebody is counts for nothing. */
  readonly bySurface?: true
  readonly input: I
  readonly output: O
  /** What the caller parts with, in units, before the work is done: prices of programs and budgets of keys hang on it. */
  cost?(network: Network, caller: Caller, input: z.output<I>): Promise<bigint>
  run(context: Context, input: z.output<I>): Promise<z.output<O>>
}

/** Declares a verb; the schemas give `run` its types. */
export const verb = <I extends z.ZodType, O extends z.ZodType, const N extends string>(
  definition: Verb<I, O, N>,
): Verb<I, O, N> => definition

/** The surfaces that programs call. */
const programs: ReadonlySet<string> = new Set(['api', 'openai', 'mcp', 'a2a'])

/** Whether a caller may call a verb at all: what a surface lists, and what `call` lets through. */
export const mayCall = (definition: Verb, caller: Caller): boolean =>
  (definition.who.includes('anyone') || definition.who.includes(caller.role)) &&
  (caller.role !== 'member' || caller.accountId !== null) &&
  (definition.bySurface !== true || caller.role === 'operator' || !programs.has(caller.surface)) &&
  (caller.key === undefined ||
    (definition.inPerson !== true && caller.key.scopes.includes(scopeOf(definition))))

/** The scope that a key needs for a verb. Asking is what keys are for: it is apart from moving money otherwise. */
export const scopeOf = ({ name, effect }: Verb): Scope => (name === 'ask' ? 'ask' : effect)

export interface CallOptions {
  /** The same key with the same input returns the first call's result and changes nothing. Default: a new one. */
  key?: string
  signal?: AbortSignal
  onUpdate?(update: Update): void
}

/**
 * Checks permission and input, runs the verb, checks the output.
 * Throws `not-allowed`, `scope-missing`, `budget-spent` (both of API keys), `input-invalid`, `key-reused` (same key, other
 * input), and what the verb throws.
 */
export const call = <I extends z.ZodType, O extends z.ZodType>(
  network: Network,
  caller: Caller,
  definition: Verb<I, O>,
  input: z.input<I>,
  options: CallOptions = {},
): Promise<z.output<O>> =>
  audited(network, caller, definition, () => carryOut(network, caller, definition, input, options))

const carryOut = async <I extends z.ZodType, O extends z.ZodType>(
  network: Network,
  caller: Caller,
  definition: Verb<I, O>,
  input: z.input<I>,
  options: CallOptions,
): Promise<z.output<O>> => {
  allow(definition, caller)
  const parsed = parseInput(definition, input)
  const key = `${caller.accountId ?? caller.role}/${definition.name}/${options.key ?? newId()}`
  const inputHash = hashOf(definition, parsed)
  // An open call keeps the input as it came, with what the verb overlooks.
  if (definition.effect === 'money') hashOf(definition, input)
  const repeated = definition.effect === 'read' ? undefined : await earlierResult(network.db, key, inputHash)
  if (repeated !== undefined) return definition.output.parse(repeated)
  const context: Context = {
    ...network,
    caller,
    key,
    signal: options.signal,
    emit: update => options.onUpdate?.(update),
    heard: options.onUpdate !== undefined,
    commit: work => commitOnce(network, { key, verb: definition.name, caller, inputHash }, work),
  }
  const spends = caller.key?.budgeted === true ? await definition.cost?.(network, caller, parsed) : undefined
  let reserved = false
  // Money moves on chain before the commit here: a process killed between the two has to find the call again.
  const open = definition.effect === 'money' && caller.role === 'member'
  if (open) await beginCall(network, { key, verb: definition.name, caller, input, inputHash })
  try {
    if (caller.key !== undefined && spends !== undefined) {
      await reserve(network, caller.key.id, key, spends)
      reserved = true
    }
    const facts = { surface: caller.surface, role: caller.role }
    const output = await traced('verb', definition.name, facts, () => definition.run(context, parsed))
    return definition.output.parse(output)
  } catch (error) {
    if (open) await dropRefusedCall(network, key, error)
    if (reserved) await release(network, key)
    throw error
  }
}

const allow = (definition: Verb, caller: Caller): void => {
  if (mayCall(definition, caller)) return
  const inPerson = mayCall(definition, { ...caller, key: undefined })
  if (inPerson && definition.inPerson === true)
    throw fault('not-allowed', `"${definition.name}" is not for API keys.`, {
      fix: 'Do it yourself: in a chat, on the web page, or on the machine of the node.',
    })
  if (inPerson)
    throw fault('scope-missing', `This key may not call "${definition.name}".`, {
      fix: `Use a key with the scope "${scopeOf(definition)}".`,
      facts: { scope: scopeOf(definition) },
    })
  if (mayCall(definition, { ...caller, surface: 'terminal' }))
    throw fault('not-allowed', `"${definition.name}" is not for programs.`, {
      fix: 'Open an account on the web page or in a chat, and make an API key there.',
    })
  throw fault('not-allowed', `"${definition.name}" is for ${definition.who.join(', ')}.`, {
    fix: caller.accountId === null ? 'Join first, then try again.' : 'Ask someone with that role.',
    facts: { role: caller.role },
  })
}

const parseInput = <I extends z.ZodType, O extends z.ZodType>(
  definition: Verb<I, O>,
  input: z.input<I>,
): z.output<I> => {
  const parsed = definition.input.safeParse(input)
  if (parsed.success) return parsed.data
  const first = parsed.error.issues
    .slice(0, 5)
    .map(issue => `${issue.path.join('.') || 'input'}: ${issue.message}`)
  throw fault('input-invalid', `"${definition.name}" cannot take this: ${first.join('; ')}.`, {
    fix: 'Correct the named fields and send it again.',
    facts: { faults: parsed.error.issues.length },
  })
}

/** Names an input; what the database cannot hold (NUL, half of a surrogate pair) is the caller's fault. */
const hashOf = (definition: Verb, parsed: unknown): string => {
  try {
    return sha256Hex(canonicalJson(parsed))
  } catch (cause) {
    throw fault('input-invalid', `"${definition.name}" cannot take a text with NUL or broken characters.`, {
      fix: 'Leave these characters out and send it again.',
      cause,
    })
  }
}

const earlierResult = async (db: Db, key: string, inputHash: string): Promise<unknown> => {
  const [row] = await db.query<{ input_hash: string; output: unknown }>(
    'select input_hash, output from calls where key = $1',
    [key],
  )
  if (row === undefined) return undefined
  if (row.input_hash === inputHash) return row.output
  throw fault('key-reused', 'This idempotency key was used with another input.', {
    fix: 'Use a new key for a new call.',
  })
}

interface CallRecord {
  readonly key: string
  readonly verb: string
  readonly caller: Caller
  readonly inputHash: string
}

const commitOnce = async <T extends object>(
  network: Network,
  record: CallRecord,
  work: (tx: Db) => Promise<T>,
): Promise<T> => {
  try {
    return await network.db.tx(async tx => {
      const output = await work(tx)
      const fresh = await tx.query(
        `with closed as (delete from open_calls where key = $1)
         insert into calls (key, verb, caller, input_hash, output, at) values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing returning key`,
        [
          record.key,
          record.verb,
          record.caller.accountId ?? record.caller.role,
          record.inputHash,
          canonicalJson(output),
          network.clock.now(),
        ],
      )
      if (fresh.length === 0)
        throw fault('call-overtaken', 'The same call ran at the same time.', {
          fix: 'Read its result.',
          blame: 'ours',
          retry: true,
        })
      return output
    })
  } catch (error) {
    if (!isFault(error, 'call-overtaken')) throw error
    return (await earlierResult(network.db, record.key, record.inputHash)) as T
  }
}
