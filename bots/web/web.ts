import type { Network } from '../../tools/context.ts'
import type { Programs } from '../../tools/gateway/gate.ts'
import { type Address, openServer } from '../../tools/gateway/server.ts'
import type { Verb } from '../../tools/registry.ts'
import type { Understand } from '../../tools/understanding.ts'
import { openBot } from '../session.ts'
import { createApp } from './app.ts'
import { openAssets } from './assets.ts'
import { openSite } from './site.ts'
import { openCookieKey, openVisitors } from './visitors.ts'

export interface WebPage extends Address {
  /** Ends open streams and requests, then the server. */
  close(): Promise<void>
}

/**
 * Serves the web page in this process, and programs beside it. Port 0 takes a free one. Throws `bind-public` and
 * `port-taken`.
 */
export const openWeb = async (
  network: Network,
  verbs: readonly Verb[],
  options: {
    port: number
    host?: string
    publicUrl?: string | undefined
    pollMs?: number
    understand?: Understand
    programs?: Programs
  },
): Promise<WebPage> => {
  const { port, host, publicUrl, programs } = options
  const bot = openBot(network, verbs, options.understand)
  const closing = new AbortController()
  const site = openSite({
    bot,
    visitors: openVisitors(bot, openCookieKey(network.folder), publicUrl?.startsWith('https://') === true),
    assets: openAssets(),
    closing: closing.signal,
    pollMs: options.pollMs ?? 1000,
  })
  let address: Address = { url: '', local: '', hosts: [], origins: [] }
  const app = createApp(site, () => address)
  const server = await openServer(
    (request, bindings) =>
      programs?.owns(new URL(request.url).pathname) === true
        ? programs.fetch(request, bindings)
        : app.fetch(request, bindings),
    { port, host, publicUrl },
  )
  address = server
  return { ...server, close: () => server.close(() => closing.abort()) }
}
