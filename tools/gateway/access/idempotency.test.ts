import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { balance } from '../../../infra/money.ts'
import { ids } from '../../testing/small-network.ts'
import { openStage, type Stage } from '../testing/stage.ts'

/** Longer than an index of the database takes. */
const long = Array.from({ length: 3_000 }, (_, at) => (at * 7919).toString(36)).join('')

describe('an idempotency key that cannot be kept', () => {
  let stage: Stage
  let key: string
  beforeAll(async () => {
    stage = await openStage()
    key = await stage.key()
  })
  afterAll(() => stage.close())

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${stage.url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'a2a-version': '1.0',
        ...headers,
      },
      body: JSON.stringify(body),
    })
  const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'What is a nuc?' }] }

  it.each([
    ['v1/chat/completions', { model: 'bees', messages: [{ role: 'user', content: 'What is a nuc?' }] }, 400],
    ['v1/completions', { model: 'bees', prompt: 'What is a nuc?' }, 400],
    ['api/verbs/ask', { model: 'bees', question: 'What is a nuc?' }, 422],
    ['a2a/models/bees/message:send', { message }, 422],
  ])('is refused at %s before anything is paid', async (path, body, status) => {
    const before = await balance(stage.network.db, `balance:${ids.ann}`)
    const statuses = []
    for (const key of [long.slice(0, 10_000), long.slice(0, 201), 'a b'])
      statuses.push((await post(path, body, { 'idempotency-key': key })).status)
    expect(statuses).toEqual([status, status, status])
    expect(await balance(stage.network.db, `balance:${ids.ann}`)).toBe(before)
  })

  it('is refused in a tool call, where it is no header', async () => {
    const called = (key: string) => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'ask',
        arguments: { model: 'bees', question: 'What is a nuc?' },
        _meta: { 'tributary/idempotency-key': key },
      },
    })
    for (const key of [long.slice(0, 10_000), 'a\0b'])
      expect(await (await post('mcp', called(key))).text()).toContain('"code":"input-invalid"')
    expect(await (await post('mcp', called('once'))).text()).toContain('"receiptId"')
  })
})
