import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Stage } from '../testing/stage.ts'
import { openAgents } from './testing/agents.ts'

interface Told {
  code: number
  message: string
  details?: { reason: string; domain: string }[]
  data?: { reason: string; domain: string }[]
}

const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'What is a nuc?' }] }
/** As text, since JSON.stringify could not write it. */
const deep = (levels: number): string =>
  `{"messageId":"m","role":"ROLE_USER","parts":[{"data":${'['.repeat(levels)}${']'.repeat(levels)}}]}`
const of = (verb: string, input = {}) => ({ ...message, parts: [{ data: { verb, input } }] })

describe('what an agent refuses', () => {
  let stage: Stage
  let key: string
  beforeAll(async () => {
    stage = await openAgents()
    key = await stage.key()
  })
  afterAll(() => stage.close())

  const bearer = (own: string): Record<string, string> => ({ authorization: `Bearer ${own}` })
  const nobody = (): Record<string, string> => ({})
  const post = (path: string, body: unknown, headers: Record<string, string> = {}, asWhom = bearer) =>
    fetch(`${stage.url}a2a/${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        'a2a-version': '1.0',
        ...asWhom(key),
        ...headers,
      },
    })
  const rpc = async (path: string, body: unknown, headers?: Record<string, string>) => {
    const answer = await post(path, body, headers)
    const { error } = (await answer.json()) as { error: Told }
    return { status: answer.status, error }
  }
  const send = (params: unknown) => ({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params })

  it.each([
    ['no role', { ...message, role: undefined }, -32_602],
    ['the agent’s role', { ...message, role: 'ROLE_AGENT' }, -32_602],
    ['no parts', { ...message, parts: [] }, -32_602],
    ['an empty part', { ...message, parts: [{}] }, -32_602],
    ['no id', { ...message, messageId: '' }, -32_602],
    ['a NUL character', { ...message, parts: [{ text: 'a\0b' }] }, -32_602],
    ['half of a pair', { ...message, parts: [{ text: 'a\ud800b' }] }, -32_602],
    ['data nested 100,000 deep', deep(100_000), -32_602],
    ['data nested 3,000 deep', deep(3_000), -32_602],
    ['a file', { ...message, parts: [{ url: 'http://127.0.0.1/' }] }, -32_005],
    ['another media type', { ...message, parts: [{ text: 'x', mediaType: 'text/html' }] }, -32_005],
    ['an unknown task', { ...message, taskId: '00000000-0000-0000-0000-000000000000' }, -32_001],
    ['a task of no form', { ...message, taskId: '../tasks' }, -32_001],
    ['metadata of 40,000 characters', { ...message, metadata: { x: 'x'.repeat(40_000) } }, -32_602],
    ['a question of 5,000 characters', { ...message, parts: [{ text: 'x'.repeat(5_000) }] }, -32_602],
  ])('a message with %s, with the protocol’s code', async (_, sent, code) => {
    const request = JSON.stringify(send({ message: typeof sent === 'string' ? 'deep' : sent }))
    const { status, error } = await rpc('models/bees', request.replace('"deep"', String(sent)))
    expect([status, error.code]).toEqual([200, code])
    expect(error.data?.[0]?.reason).toMatch(/^[A-Z_]+$/)
  })

  it.each([
    ['{', -32_700],
    [[send({ message })], -32_600],
    [{ id: 1, method: 'SendMessage', params: {} }, -32_600],
    [{ jsonrpc: '2.0', id: {}, method: 'SendMessage' }, -32_600],
    [{ jsonrpc: '2.0', id: 1, method: 'message/send', params: {} }, -32_601],
    [{ jsonrpc: '2.0', id: 1, method: 'constructor', params: {} }, -32_601],
    [{ jsonrpc: '2.0', id: 1, method: 'GetTask', params: [] }, -32_602],
    [{ jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: ' ' } }, -32_602],
    [send({ message, tenant: 'another' }), -32_602],
    [send({ message, configuration: { taskPushNotificationConfig: { url: 'http://127.0.0.1/' } } }), -32_003],
    [{ jsonrpc: '2.0', id: 1, method: 'GetExtendedAgentCard' }, -32_004],
  ])('a request that is none: %j', async (body, code) => {
    expect((await rpc('models/bees', body)).error.code).toBe(code)
  })

  it.each(['', '0.3', '2.0'])('version %j', async version => {
    const { error } = await rpc('models/bees', send({ message }), { 'a2a-version': version })
    expect(error).toMatchObject({ code: -32_009, data: [{ reason: 'VERSION_NOT_SUPPORTED' }] })
    const rest = await post('models/bees/message:send', { message }, { 'a2a-version': version })
    expect(rest.status).toBe(400)
    expect(rest.headers.get('content-type')).toBe('application/a2a+json')
  })

  it('takes the version from the query too', async () => {
    const answer = await post('models/bees/message:send?A2A-Version=1.0', { message }, { 'a2a-version': '' })
    expect(answer.status).toBe(400)
    const headers = { authorization: `Bearer ${key}` }
    expect((await fetch(`${stage.url}a2a/models/bees/tasks?A2A-Version=1.0`, { headers })).status).toBe(200)
  })

  it('an unknown agent or model', async () => {
    expect((await post('models/nothing/message:send', { message })).status).toBe(404)
    const { error } = await rpc('models/nothing', send({ message }))
    expect(error).toMatchObject({ code: -32_602, data: [{ reason: 'MODEL_UNKNOWN', domain: 'tributary' }] })
    expect((await rpc('nobody', send({ message }))).error.data?.[0]?.reason).toBe('AGENT_UNKNOWN')
  })

  it('a verb that is not the agent’s, or that is the agents’ own', async () => {
    for (const verb of ['ask', 'tune', 'train', 'settle', 'erase'])
      expect((await rpc('trainer', send({ message: of(verb) }))).error.message).toMatch(
        /^This agent's verbs are/,
      )
  })

  it('a verb that the caller may not call, before there is a task of it', async () => {
    const reading = await stage.key({ scopes: ['read'] })
    const headers = { authorization: `Bearer ${reading}` }
    const deposit = await post('treasurer/message:send', { message: of('deposit', { units: '1' }) }, headers)
    expect(deposit.status).toBe(403)
    const { error } = (await deposit.json()) as { error: Told }
    expect(error.details?.[0]).toMatchObject({ reason: 'SCOPE_MISSING', domain: 'tributary' })
    expect((await rpc('models/bees', send({ message }), headers)).status).toBe(403)
    expect(await stage.network.db.query('select id from tasks')).toEqual([])
  })

  it('a question that nobody pays for, with the terms of payment', async () => {
    for (const [path, body] of [
      ['models/bees', send({ message })],
      ['models/bees/message:stream', { message }],
    ] as const) {
      const answer = await post(path, body, {}, nobody)
      expect(answer.status).toBe(402)
      expect(answer.headers.has('payment-required')).toBe(true)
    }
    const later = { message, configuration: { returnImmediately: true } }
    const refused = await post('models/bees', send(later), {}, nobody)
    expect(await refused.json()).toMatchObject({ error: { code: -32_004 } })
  })

  it('a huge message, before it is read', async () => {
    const huge = { message: { ...message, parts: [{ text: 'x'.repeat(9 * 2 ** 20) }] } }
    expect((await post('models/bees/message:send', huge)).status).toBe(413)
  })

  it('a path that is no operation', async () => {
    expect((await post('curator/tasks/x:destroy', {})).status).toBe(404)
    expect((await post('curator/nothing', {})).status).toBe(404)
  })

  it('an error of ours without its detail', async () => {
    const { db } = stage.network
    await db.query('alter table tasks rename to hidden')
    try {
      const body = { jsonrpc: '2.0', id: 1, method: 'ListTasks', params: {} }
      const { status, error } = await rpc('curator', body)
      expect([status, error.code]).toEqual([500, -32_603])
      expect(JSON.stringify(error)).not.toContain('relation')
      expect(error.data?.[0]?.reason).toBe('INCIDENT')
      // What cannot be stored is not asked either.
      let asked = 0
      stage.script = () => String(asked++)
      expect((await rpc('models/bees', send({ message }))).status).toBe(500)
      expect(asked).toBe(0)
    } finally {
      await db.query('alter table hidden rename to tasks')
    }
  })
})
