import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One model of the fake hub; a commit holds files by path. */
export interface FakeModel {
  main: string
  commits: Record<string, Record<string, Buffer>>
  licence?: string
}

export interface Asked {
  at: 'hub' | 'storage'
  path: string
  headers: IncomingMessage['headers']
}

/** What goes wrong with one answer; without any, it is right. */
export interface Fault {
  status?: number
  headers?: Record<string, string>
  /** Sends so many bytes of the body, then nothing until `release` cuts the connection. */
  holdAfter?: number
  ignoreRange?: boolean
  body?: Buffer | string
  etag?: string
}

/**
 * A small hub on 127.0.0.1 that speaks what the library asks of a real one: description of a revision, listing in pages of
 * three, and files: small ones by a redirect on the hub itself, LFS files (*.safetensors) by one to a storage of another origin.
 */
export const startHub = async (
  models: Record<string, FakeModel>,
  fault: (asked: Asked) => Fault | undefined,
) => {
  const asked: Asked[] = []
  const held = new Set<ServerResponse>()
  const serve = (at: Asked['at'], answer: (url: URL, request: IncomingMessage) => Fault): Promise<Server> => {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
      const entry = { at, path: url.pathname, headers: request.headers }
      asked.push(entry)
      send({ ...answer(url, request), ...fault(entry) }, request, response)
    })
    return new Promise(done => server.listen(0, '127.0.0.1', () => done(server)))
  }

  const send = (reply: Fault, { headers }: IncomingMessage, response: ServerResponse): void => {
    const whole = Buffer.from(reply.body ?? '')
    const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
    const same = headers['if-range'] === undefined || headers['if-range'] === reply.etag
    const partial = from !== undefined && reply.ignoreRange !== true && reply.status === undefined && same
    if (partial && Number(from) >= whole.length) {
      response.writeHead(416).end()
      return
    }
    const body = partial ? whole.subarray(Number(from)) : whole
    response.writeHead(partial ? 206 : (reply.status ?? 200), {
      ...(reply.etag === undefined ? {} : { etag: reply.etag }),
      ...(partial ? { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
      'content-length': body.length,
      ...reply.headers,
    })
    if (reply.holdAfter === undefined) {
      response.end(body)
      return
    }
    held.add(response)
    response.write(body.subarray(0, reply.holdAfter))
  }

  const fileAt = (path: string): Buffer | undefined => {
    const [, repo = '', commit = '', name = ''] = /^\/(.+?\/.+?)\/([0-9a-f]{40})\/(.+)$/.exec(path) ?? []
    return models[repo]?.commits[commit]?.[decodeURIComponent(name)]
  }
  const file = (path: string): Fault => {
    const body = fileAt(path)
    return body === undefined ? { status: 404 } : { body, etag: `"${sha256(body)}"` }
  }
  const storage = await serve('storage', url => file(url.pathname))
  const hub = await serve('hub', url => {
    const { pathname } = url
    const described = /^\/api\/models\/(.+?\/.+?)\/revision\/(.+)$/.exec(pathname)
    if (described !== null) return describe(models[described[1]!], decodeURIComponent(described[2]!))
    const tree = /^\/api\/models\/(.+?\/.+?)\/tree\/([0-9a-f]{40})$/.exec(pathname)
    if (tree !== null) return list(url, models[tree[1]!]?.commits[tree[2]!])
    if (pathname.startsWith('/small/')) return file(pathname.slice('/small'.length))
    const path = pathname.replace('/resolve/', '/')
    if (fileAt(path) === undefined) return { status: 404, headers: { 'x-error-code': 'EntryNotFound' } }
    return path.endsWith('.safetensors')
      ? { status: 302, headers: { location: `${originOf(storage)}${path}` } }
      : { status: 307, headers: { location: `/small${path}` } }
  })
  /** Cuts every connection that is held. */
  const release = (): void => {
    for (const response of held) response.destroy()
    held.clear()
  }
  return {
    endpoint: originOf(hub),
    asked,
    release,
    close: async (): Promise<void> => {
      for (const server of [hub, storage]) {
        server.closeAllConnections()
        await new Promise(done => server.close(done))
      }
    },
  }
}

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const sha256 = (body: Buffer): string => createHash('sha256').update(body).digest('hex')

const describe = (model: FakeModel | undefined, revision: string): Fault => {
  const sha = revision === 'main' ? model?.main : revision
  if (sha === undefined || model?.commits[sha] === undefined) return { status: 404 }
  return json({ _id: '1', id: 'a/b', sha, cardData: { license: model.licence }, lastModified: '2026-01-01' })
}

const list = (url: URL, files: Record<string, Buffer> | undefined): Fault => {
  if (files === undefined) return { status: 404 }
  const from = Number(url.searchParams.get('cursor') ?? 0)
  const all = Object.entries(files)
  const entries = all.slice(from, from + 3).map(([path, body]) => ({
    type: 'file',
    path,
    size: body.length,
    oid: createHash('sha1').update(`blob ${body.length}\0`).update(body).digest('hex'),
    ...(path.endsWith('.safetensors')
      ? { lfs: { oid: sha256(body), size: body.length, pointerSize: 130 } }
      : {}),
  }))
  const next = new URL(url)
  next.searchParams.set('cursor', String(from + 3))
  return json(entries, from + 3 < all.length ? { link: `<${next.href}>; rel="next"` } : {})
}

const json = (value: unknown, headers: Record<string, string> = {}): Fault => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json', ...headers },
})
