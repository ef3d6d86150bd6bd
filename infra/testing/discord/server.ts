import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { FaultRule, Faults } from './faults.ts'
import { Rejection, tooLarge, unauthorized, unknownRoute } from './rejection.ts'
import { openRouter, type Route } from './router.ts'
import type { Validate, Violation } from './validation.ts'
import type { UploadedFile, World } from './world.ts'

/** Bytes of one request; a guard for the test process, far above what uploads may have. */
const BODY_BYTES = 64 * 1024 * 1024

export interface Serving {
  readonly world: World
  readonly routes: readonly Route[]
  readonly faults: Faults
  readonly validate: Validate
  readonly violations: Violation[]
  readonly counts: Map<string, number>
}

/** Answers the bot's HTTP requests under /api/v10 and downloads under /cdn. */
export const openServer = (serving: Serving): Server => {
  const find = openRouter(serving.routes)
  return createServer((request, response) => {
    const done = serving.world.activity.begin()
    response.on('close', done)
    serve(serving, find, request, response).catch(() => response.destroy())
  })
}

interface Prepared {
  readonly status: number
  readonly body: string
}

const serve = async (
  serving: Serving,
  find: ReturnType<typeof openRouter>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { world, faults, counts } = serving
  const url = new URL(request.url ?? '/', world.origin())
  const bytes = await read(request)
  if (url.pathname.startsWith('/cdn/')) return download(world, url, response)
  const method = request.method ?? 'GET'
  const path = url.pathname.replace(/^\/api(\/v\d+)?/, '')
  const found = find(method, path)
  const key = found?.route.key ?? `${method} ${path}`
  counts.set(key, (counts.get(key) ?? 0) + 1)
  const rule = faults.take(key, 'rest')
  const told = (status: number | null): void => world.activity.tell({ kind: 'request', route: key, status })

  if (rule?.kind === 'close-before') {
    told(null)
    return hangUp(request, rule)
  }
  if (rule?.kind === 'rate-limit') {
    const seconds = rule.seconds ?? 0.05
    world.activity.expect(seconds * 1_000 + 100)
    told(429)
    return write(response, limited(seconds), {
      'retry-after': String(seconds),
      'x-ratelimit-scope': 'shared',
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset-after': String(seconds),
      'x-ratelimit-bucket': bucket(key),
    })
  }
  if (rule?.kind === 'server-error') {
    told(502)
    return write(response, { status: 502, body: JSON.stringify({ message: '502: Bad Gateway', code: 0 }) })
  }
  const answer = await handle(serving, found, { request, url, bytes })
  if (rule?.kind === 'close-after') {
    told(null)
    return hangUp(request, rule)
  }
  if (rule?.kind === 'late') await new Promise(late => setTimeout(late, (rule.seconds ?? 0.05) * 1_000))
  const cut = rule?.kind === 'malformed'
  told(cut ? null : answer.status)
  write(response, cut ? { status: 200, body: '{"id":"1' } : answer, {
    'x-ratelimit-limit': '1000',
    'x-ratelimit-remaining': '999',
    'x-ratelimit-reset-after': '1',
    'x-ratelimit-bucket': bucket(key),
  })
}

const handle = async (
  { world, validate, violations }: Serving,
  found: ReturnType<ReturnType<typeof openRouter>>,
  { request, url, bytes }: { request: IncomingMessage; url: URL; bytes: Buffer },
): Promise<Prepared> => {
  try {
    if (found === undefined) throw unknownRoute()
    const { route, params } = found
    if (route.auth && request.headers.authorization !== `Bot ${world.token}`) throw unauthorized()
    const { body, files } = await decode(request, bytes)
    const violation = body === undefined ? null : validate(route.key, params.message === '@original', body)
    const result = route.handle({ world, params, query: url.searchParams, body: body ?? {}, files })
    // Not where the body was refused: the bot was told then.
    if (violation !== null) violations.push(violation)
    return result === undefined ? { status: 204, body: '' } : { status: 200, body: JSON.stringify(result) }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    return { status: error.status, body: JSON.stringify(error.body) }
  }
}

const read = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size <= BODY_BYTES) parts.push(part)
  }
  return Buffer.concat(parts)
}

const decode = async (
  request: IncomingMessage,
  bytes: Buffer,
): Promise<{ body: unknown; files: UploadedFile[] }> => {
  const type = request.headers['content-type'] ?? ''
  if (bytes.length >= BODY_BYTES) throw tooLarge()
  if (!type.startsWith('multipart/form-data'))
    return { body: bytes.length === 0 ? undefined : json(bytes.toString()), files: [] }
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  const files: UploadedFile[] = []
  for (const [field, value] of form)
    if (typeof value !== 'string')
      files.push({
        field,
        name: value.name,
        type: value.type || 'application/octet-stream',
        bytes: new Uint8Array(await value.arrayBuffer()),
      })
  return { body: json(String(form.get('payload_json') ?? '{}')), files }
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Rejection(400, 50109, 'The request body contains invalid JSON.')
  }
}

const download = (world: World, url: URL, response: ServerResponse): void => {
  const file = world.files.get(url.pathname.split('/').at(-2) ?? '')
  const expires = Number.parseInt(url.searchParams.get('ex') ?? '0', 16) * 1_000
  const open = file?.path === url.pathname && !file.gone && expires > world.clock.now().getTime()
  world.activity.tell({ kind: 'request', route: 'GET /cdn', status: open ? 200 : 404 })
  if (!open) {
    response.writeHead(404).end('This content is no longer available.')
    return
  }
  response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length }).end(file.bytes)
}

/** Both ways to lose a connection; see FaultRule. */
const hangUp = ({ socket }: IncomingMessage, { socket: how = 'reset' }: FaultRule): void => {
  if (how === 'reset') socket.resetAndDestroy()
  else socket.destroy()
}

const limited = (seconds: number): Prepared => ({
  status: 429,
  body: JSON.stringify({ message: 'You are being rate limited.', retry_after: seconds, global: false }),
})

const bucket = (key: string): string => createHash('sha1').update(key).digest('hex')

const write = (
  response: ServerResponse,
  { status, body }: Prepared,
  headers: Record<string, string> = {},
): void => {
  response
    .writeHead(status, { ...(body === '' ? {} : { 'content-type': 'application/json' }), ...headers })
    .end(body)
}
