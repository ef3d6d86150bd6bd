import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ids } from '../../testing/small-network.ts'
import { openStage, type Stage } from '../testing/stage.ts'

const handshake = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
}
const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' }

describe('sessions of the 2025 revisions', () => {
  let stage: Stage
  let key: string
  beforeAll(async () => {
    stage = await openStage()
    key = await stage.key()
  })
  afterAll(() => stage.close())

  const send = (method: string, body: unknown, { key, session }: { key?: string; session?: string }) =>
    fetch(`${stage.url}mcp`, {
      method,
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(session === undefined ? {} : { 'mcp-session-id': session }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const status = async (...words: Parameters<typeof send>): Promise<number> => {
    const answer = await send(...words)
    await answer.body?.cancel()
    return answer.status
  }
  const open = async (): Promise<string> => {
    const answer = await send('POST', handshake, { key })
    await answer.text()
    return answer.headers.get('mcp-session-id') ?? ''
  }

  it('belong to the key that opened them', async () => {
    const session = await open()
    expect(await status('POST', list, { key, session })).toBe(200)
    expect(await status('POST', list, { session })).toBe(404)
    expect(await status('POST', list, { key: await stage.key({ accountId: ids.bob }), session })).toBe(404)
    expect(await status('POST', list, { key: await stage.key(), session })).toBe(404)
  })

  it('end when their client ends them, and nobody else can', async () => {
    const session = await open()
    expect(await status('DELETE', undefined, { session })).toBe(404)
    expect(await status('POST', list, { key, session })).toBe(200)
    expect(await status('DELETE', undefined, { key, session })).toBe(200)
    expect(await status('POST', list, { key, session })).toBe(404)
  })

  it('are not needed for a request that stands for itself', async () => {
    const answer = await send('POST', list, { key })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('"name":"ask"')
  })

  it('take one message a request', async () => {
    expect(await status('POST', [list, { ...list, id: 3 }], { key })).toBe(400)
  })

  it('give way to newer ones of the same caller, the one used longest ago first', async () => {
    const first = await open()
    const second = await open()
    await status('POST', list, { key, session: first })
    for (let more = 0; more < 99; more++) await open()
    expect(await status('POST', list, { key, session: second })).toBe(404)
    expect(await status('POST', list, { key, session: first })).toBe(200)
  })
})
