import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Env, Gate } from '../gate.ts'
import { createApp } from '../gateway.ts'
import { mcpRoutes } from '../mcp.ts'
import { streamRoutes } from '../sse/routes.ts'
import { openStage, type Stage } from '../testing/stage.ts'
import { openLocalKey } from './local-key.ts'

const json = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
const initialize = (name: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name, version: '1' } },
})
const listen = {
  jsonrpc: '2.0',
  id: 1,
  method: 'subscriptions/listen',
  params: {
    notifications: { resourceSubscriptions: ['tributary://ledger'] },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
}
const listening = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' }

describe('nobody in particular behind a proxy', () => {
  let stage: Stage
  let app: Hono<Env>
  const closing = new AbortController()
  beforeAll(async () => {
    stage = await openStage()
    const gate: Gate = {
      network: stage.network,
      verbs: [],
      settings: {
        TRIBUTARY_ANONYMOUS_RATE: 100_000,
        TRIBUTARY_CORS: [],
        TRIBUTARY_WEBHOOKS: 'public',
        X402_FACILITATOR_URL: undefined,
      },
      address: () => ({
        url: 'https://hive.example/',
        local: 'http://127.0.0.1:4380/',
        hosts: ['hive.example', '127.0.0.1:4380'],
        origins: [],
      }),
      closing: closing.signal,
    }
    app = createApp(gate, [mcpRoutes, gate => streamRoutes(gate, 5)])
  })
  afterAll(async () => {
    closing.abort()
    await stage.close()
  })

  const send = async (
    from: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
    remoteAddress = '127.0.0.1',
  ) =>
    app.request(
      `https://hive.example${path}`,
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...json, host: 'hive.example', 'x-forwarded-for': from, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      { incoming: { socket: { remoteAddress } } },
    )
  const statuses = async (requests: readonly Promise<Response>[]): Promise<number[]> =>
    (await Promise.all(requests)).map(({ status }) => status)
  const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

  it('has the places for streams of its own address', async () => {
    const twenty = await Promise.all(times(20, () => send('192.0.2.1', '/api/events/stream')))
    expect(twenty.every(({ status }) => status === 200)).toBe(true)
    expect((await send('192.0.2.1', '/api/events/stream')).status).toBe(429)
    expect((await send('192.0.2.2', '/api/events/stream')).status).toBe(200)
  })

  it('is who came past the proxy, whatever they say', async () => {
    let said = 1
    const past = (headers: Record<string, string> = {}) =>
      send(`198.51.100.${said++}`, '/api/events/stream', undefined, headers, '::ffff:1.1.1.1')
    const came = await Promise.all(times(21, () => past()))
    expect(came.filter(({ status }) => status === 429)).toHaveLength(1)
    const authorization = `Bearer ${openLocalKey(stage.network.folder)}`
    expect((await past({ host: '127.0.0.1:4380', authorization })).status).toBe(401)
  })

  it('has the places for changes over MCP of its own address, until it leaves one', async () => {
    const [first, ...others] = await Promise.all(
      times(20, () => send('192.0.2.3', '/mcp', listen, listening)),
    )
    expect([first, ...others].map(answer => answer?.status)).toEqual(times(20, () => 200))
    expect((await send('192.0.2.3', '/mcp', listen, listening)).status).toBe(429)
    expect((await send('192.0.2.4', '/mcp', listen, listening)).status).toBe(200)
    await first?.body?.cancel()
    await expect.poll(async () => (await send('192.0.2.3', '/mcp', listen, listening)).status).toBe(200)
  })

  it('has sessions that exist for its own address only', async () => {
    const opened = await send('192.0.2.5', '/mcp', initialize('test'))
    await opened.text()
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
    const ping = { jsonrpc: '2.0', id: 2, method: 'ping' }
    expect(await statuses([send('192.0.2.5', '/mcp', ping, session)])).toEqual([200])
    expect(await statuses([send('192.0.2.6', '/mcp', ping, session)])).toEqual([404])
  })

  it('has no session for a handshake that would fill the memory', async () => {
    expect((await send('192.0.2.7', '/mcp', initialize('x'.repeat(20_000)))).status).toBe(400)
  })
})
