import { request } from 'node:http'
import { Hono } from 'hono'
import type { Log } from '../../../infra/log.ts'
import type { Env, Gate, GateSettings } from '../gate.ts'
import { createApp } from '../gateway.ts'
import { openServer } from '../server.ts'
import type { Stage } from './stage.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface Doorway {
  /** One request with exactly these headers; fetch would set some of them itself. */
  ask(
    path: string,
    options?: { method?: string; headers?: Record<string, string>; body?: string },
  ): Promise<Answer>
  /** `127.0.0.1:PORT` */
  readonly host: string
  close(): Promise<void>
}

/**
 * The gateway's door with routes that only tell of their caller behind it: GET /who, POST /who (the length of the body),
 * GET /fails (an error of ours), GET /raw (an answer that Hono did not make).
 */
export const openDoorway = async (
  stage: Stage,
  settings: Partial<GateSettings> = {},
  options: { log?: Log; publicUrl?: string } = {},
): Promise<Doorway> => {
  const gate: Gate = {
    network: { ...stage.network, log: options.log ?? stage.network.log },
    verbs: [],
    settings: {
      TRIBUTARY_ANONYMOUS_RATE: 100_000,
      TRIBUTARY_CORS: [],
      TRIBUTARY_WEBHOOKS: 'public',
      X402_FACILITATOR_URL: undefined,
      ...settings,
    },
    address: () => server,
    closing: new AbortController().signal,
  }
  const app = createApp(gate, [rooms])
  const server = await openServer((asked, bindings) => app.fetch(asked, bindings), {
    port: 0,
    publicUrl: options.publicUrl,
  })
  const { port } = new URL(server.local)
  return {
    host: `127.0.0.1:${port}`,
    ask: (path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, method, headers }, answer => {
          const chunks: Buffer[] = []
          answer.on('data', chunk => chunks.push(chunk))
          answer.on('error', reject)
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          )
        })
        sent.on('error', reject)
        sent.end(body)
      }),
    close: () => server.close(),
  }
}

const rooms = (): Hono<Env> =>
  new Hono<Env>()
    .get('/who', c => c.json(c.get('caller')))
    .post('/who', async c => c.json({ bytes: (await c.req.text()).length }))
    .post('/api/verbs/contribute', async c => c.json({ bytes: (await c.req.text()).length }))
    .get('/fails/:what', c => {
      throw new Error(`Failed with ${c.req.header('authorization')}.`)
    })
    .get('/raw', () => new Response('raw', { headers: { 'cache-control': 'max-age=5' } }))
