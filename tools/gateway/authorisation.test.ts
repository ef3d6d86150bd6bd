import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fault, isFault } from '../../infra/errors.ts'
import { scopes } from '../api-keys.ts'
import { TributaryClient, tools } from '../client/index.ts'
import type { Caller, Role, Scope } from '../context.ts'
import { call, type Verb } from '../registry.ts'
import { as, ids, NOW } from '../testing/small-network.ts'
import { verbs } from '../verbs.ts'
import { openLocalKey } from './access/local-key.ts'
import { openStage, type Stage } from './testing/stage.ts'

/** Every verb with its permissions as they are, and work that only notes that it was reached. */
const reached: string[] = []
const hollow: readonly Verb[] = verbs.map(verb => {
  const { cost: _, ...rest } = verb
  return {
    ...rest,
    input: z.looseObject({}),
    output: z.looseObject({}),
    run: async () => {
      reached.push(verb.name)
      return {}
    },
  }
})

const roles: readonly Role[] = [
  'anyone',
  'member',
  'operator',
  'curator',
  'trainer',
  'attributor',
  'treasurer',
]

/** The rule, in the words of the verb's own declaration. */
const isFor = ({ who }: Verb, role: Role): boolean => who.includes('anyone') || who.includes(role)
const scopeFor = ({ name, effect }: Verb): Scope => (name === 'ask' ? 'ask' : effect)

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ verbs: hollow })
  await stage.network.db.query(
    `insert into identities (platform, subject, account_id, created_at) values ('terminal', 'ann', $1, $2)`,
    [ids.ann, NOW],
  )
})
afterAll(() => stage.close())

/** Calls it and tells the refusal's code, or `ok` where the verb ran. */
const outcome = async (caller: Caller, verb: Verb): Promise<string> => {
  reached.length = 0
  const code = await call(stage.network, caller, verb, {}).then(
    () => 'ok',
    (error: unknown) => (isFault(error) ? error.code : String(error)),
  )
  expect(reached, `${verb.name} as ${caller.role}`).toEqual(code === 'ok' ? [verb.name] : [])
  return code
}

describe('a verb', () => {
  it.each(roles)('runs for %s exactly where it says so', async role => {
    const caller: Caller = { role, accountId: role === 'member' ? ids.ann : null, surface: 'test' }
    for (const verb of hollow)
      expect(await outcome(caller, verb), verb.name).toBe(isFor(verb, role) ? 'ok' : 'not-allowed')
  })

  it.each(scopes)('runs for a key with the scope %s alone where that is its own', async scope => {
    const caller: Caller = { ...as(ids.ann), key: { id: 'k', scopes: [scope] } }
    for (const verb of hollow) {
      const allowed = isFor(verb, 'member') && verb.inPerson !== true && scopeFor(verb) === scope
      const refused = isFor(verb, 'member') && verb.inPerson !== true ? 'scope-missing' : 'not-allowed'
      expect(await outcome(caller, verb), verb.name).toBe(allowed ? 'ok' : refused)
    }
  })

  it('runs for no member without an account', async () => {
    const caller: Caller = { role: 'member', accountId: null, surface: 'test' }
    for (const verb of hollow) expect(await outcome(caller, verb), verb.name).toBe('not-allowed')
  })

  it('declares who may call it, and moves nothing for nobody', () => {
    for (const { name, who, effect } of verbs) {
      expect(who.length, name).toBeGreaterThan(0)
      if (effect === 'money' || effect === 'vote') expect(who, name).not.toContain('anyone')
    }
  })
})

/** Whoever can send a request, by the headers that they send. */
interface Sender {
  readonly name: string
  readonly role: Role
  readonly scopes: readonly Scope[] | null
  headers(): Promise<Record<string, string>>
}

const bearing = (key: string) => ({ authorization: `Bearer ${key}` })
const senders: readonly Sender[] = [
  { name: 'nobody', role: 'anyone', scopes: null, headers: async () => ({}) },
  { name: 'a key of every scope', role: 'member', scopes, headers: async () => bearing(await stage.key()) },
  ...scopes.map(
    (scope): Sender => ({
      name: `a key to ${scope}`,
      role: 'member',
      scopes: [scope],
      headers: async () => bearing(await stage.key({ scopes: [scope] })),
    }),
  ),
  {
    name: 'the operator',
    role: 'operator',
    scopes: null,
    headers: async () => bearing(openLocalKey(stage.network.folder)),
  },
  {
    name: 'a person at the machine',
    role: 'member',
    scopes: null,
    headers: async () => ({ ...bearing(openLocalKey(stage.network.folder)), 'tributary-user': 'ann' }),
  },
]

const allows = (verb: Verb, { role, scopes: granted }: Sender): boolean =>
  isFor(verb, role) &&
  (verb.bySurface !== true || role === 'operator') &&
  (granted === null || (verb.inPerson !== true && granted.includes(scopeFor(verb))))

describe.each(senders)('$name', sender => {
  it('is let through by REST to what it may call, and told 401 or 403 of the rest', async () => {
    const headers = { 'content-type': 'application/json', ...(await sender.headers()) }
    for (const verb of hollow) {
      reached.length = 0
      const answer = await fetch(`${stage.url}api/verbs/${verb.name}`, {
        method: 'POST',
        headers,
        body: '{}',
      })
      await answer.body?.cancel()
      const allowed = allows(verb, sender)
      const refusal = sender.role === 'anyone' && verb.bySurface !== true ? 401 : 403
      expect([answer.status, reached], verb.name).toEqual(allowed ? [200, [verb.name]] : [refusal, []])
    }
  })

  it('sees by MCP the tools that it may call, and reaches none else', async () => {
    const headers = await sender.headers()
    const { tools } = await rpc(headers, 'tools/list', {})
    const names = (tools as { name: string }[]).map(({ name }) => name).sort()
    const allowed = hollow.filter(verb => allows(verb, sender)).map(({ name }) => name)
    expect(names).toEqual([...allowed].sort())
    reached.length = 0
    // Tools that are not listed do not exist for the caller; one of each kind shows it.
    const refused = new Map(hollow.filter(verb => !allows(verb, sender)).map(verb => [scopeFor(verb), verb]))
    for (const verb of refused.values())
      await rpc(headers, 'tools/call', { name: verb.name, arguments: {} }).catch(() => {})
    expect(reached).toEqual([])
  })

  it('gets as tools for LangChain what it may call', async () => {
    const { authorization, 'tributary-user': user }: Record<string, string> = await sender.headers()
    const client = new TributaryClient({
      url: stage.url,
      apiKey: authorization?.replace('Bearer ', ''),
      user,
    })
    const names = (await tools(client)).map(({ name }) => name)
    expect(names).toEqual(hollow.filter(verb => allows(verb, sender)).map(({ name }) => name))
  })
})

/** One request of MCP's revision 2026-07-28, in which each stands for itself. */
const rpc = async (
  headers: Record<string, string>,
  method: string,
  params: Record<string, unknown>,
): Promise<Record<string, unknown>> => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const answer = await fetch(`${stage.url}mcp`, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof params.name === 'string' ? { 'mcp-name': params.name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  })
  const text = await answer.text()
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text
  const { result, error } = JSON.parse(data)
  if (result === undefined) throw fault('rpc', `${answer.status} ${JSON.stringify(error)}`, { fix: 'Look.' })
  return result
}
