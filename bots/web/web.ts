import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { fault } from '../../infra/errors.ts'
import type { Network } from '../../tools/context.ts'
import type { Verb } from '../../tools/registry.ts'
import type { Understand } from '../../tools/understanding.ts'
import { openBot } from '../session.ts'
import { createApp } from './app.ts'
import { openAssets } from './assets.ts'
import { openSite } from './site.ts'
import { openCookieKey, openVisitors } from './visitors.ts'

export interface WebPage {
  readonly url: string
  /** Ends open streams and requests, then the server. */
  close(): Promise<void>
}

/**
 * Serves the web page on the loopback, in this process. Port 0 takes a free one. Throws `port-taken`.
 */
export const openWeb = async (
  network: Network,
  verbs: readonly Verb[],
  options: { port: number; host?: '127.0.0.1'; pollMs?: number; understand?: Understand },
): Promise<WebPage> => {
  const bot = openBot(network, verbs, options.understand)
  const closing = new AbortController()
  const site = openSite({
    bot,
    visitors: openVisitors(bot, openCookieKey(network.folder)),
    assets: openAssets(),
    closing: closing.signal,
    pollMs: options.pollMs ?? 1000,
  })
  let hosts: string[] = []
  const app = createApp(site, () => hosts)
  const server = createServer(getRequestListener(app.fetch))
  const port = await listen(server, options.port)
  hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        closing.abort()
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

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code !== 'EADDRINUSE'
          ? error
          : fault('port-taken', `Port ${port} on 127.0.0.1 is taken.`, {
              fix: 'Set TRIBUTARY_PORT to a free port, or to 0 for any.',
              blame: 'operator',
              cause: error,
            }),
      ),
    )
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
