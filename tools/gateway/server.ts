import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { fault } from '../../infra/errors.ts'

/** Where a node is reached. */
export interface Address {
  /** With a slash at the end: the public address where one is declared, else the one it listens on. */
  readonly url: string
  /** For programs on this machine: the address it listens on. */
  readonly local: string
  /** Host headers that it answers to. */
  readonly hosts: readonly string[]
  /** Origins of its own pages. */
  readonly origins: readonly string[]
}

export interface Listening extends Address {
  /** Ends open requests, then the server. `stop` is called first, so that streams can end themselves. */
  close(stop?: () => void): Promise<void>
}

export interface ServerOptions {
  /** 0 takes a free one. */
  readonly port: number
  readonly host?: string | undefined
  /** The address at which a proxy that terminates TLS publishes the node. */
  readonly publicUrl?: string | undefined
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost'])
const everywhere = new Set(['0.0.0.0', '::'])

/**
 * Serves one handler over HTTP. Throws `bind-public` for an address others can reach unless TLS in front of it is
 * declared, and `port-taken`.
 */
export const openServer = async (
  handle: (request: Request, bindings: object) => Response | Promise<Response>,
  { port, host = '127.0.0.1', publicUrl }: ServerOptions,
): Promise<Listening> => {
  if (!loopback.has(host) && !publicUrl?.startsWith('https://'))
    throw fault('bind-public', `Without TLS in front of it, the node does not listen on ${host}.`, {
      fix: 'Put a proxy with TLS before it and set TRIBUTARY_PUBLIC_URL to its https address, or listen on 127.0.0.1.',
      blame: 'operator',
    })
  const server = createServer(getRequestListener((request, bindings) => handle(request, bindings)))
  const bound = await listen(server, port, host)
  // A name for every address, such as 0.0.0.0, is none to call.
  const own = everywhere.has(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const names = [...new Set([own, '127.0.0.1', 'localhost', '[::1]'])].map(name => `${name}:${bound}`)
  const outside = publicUrl === undefined ? [] : [new URL(publicUrl)]
  const local = `http://${own}:${bound}/`
  return {
    url: outside[0]?.href ?? local,
    local,
    hosts: [...names, ...outside.map(url => url.host)],
    origins: [...names.map(name => `http://${name}`), ...outside.map(url => url.origin)],
    close: stop =>
      new Promise((resolve, reject) => {
        stop?.()
        server.close(error => (error === undefined ? resolve() : reject(error)))
        // Streams end with the signal; then a browser's idle connections would hold the server for minutes.
        const idle = setInterval(() => server.closeIdleConnections(), 10)
        const all = setTimeout(() => server.closeAllConnections(), 1000)
        server.once('close', () => {
          clearInterval(idle)
          clearTimeout(all)
        })
      }),
  }
}

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code !== 'EADDRINUSE'
          ? error
          : fault('port-taken', `Port ${port} on ${host} is taken.`, {
              fix: 'Set TRIBUTARY_PORT to a free port, or to 0 for any.',
              blame: 'operator',
              cause: error,
            }),
      ),
    )
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
