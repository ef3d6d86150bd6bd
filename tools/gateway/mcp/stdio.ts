import type { Readable, Writable } from 'node:stream'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Caller, Network } from '../../context.ts'
import type { Verb } from '../../registry.ts'
import { openChanges, tellSubscribers } from './changes.ts'
import { openDesk, openMcpServer } from './server.ts'

/** Serves one caller on stdio, both eras, until the client closes its end. */
export const serveOnStdio = async (
  network: Network,
  verbs: readonly Verb[],
  caller: Caller,
  { input = process.stdin, output = process.stdout }: { input?: Readable; output?: Writable } = {},
): Promise<void> => {
  const closing = new AbortController()
  const desk = openDesk(network, verbs, closing.signal)
  const changes = openChanges(network)
  const closed = new Promise<void>(resolve => {
    for (const event of ['end', 'close'] as const) input.once(event, resolve)
    output.once('error', resolve)
  })
  const handle = serveStdio(
    ({ era }) => {
      const server = openMcpServer(desk, { ...caller, surface: 'mcp' })
      tellSubscribers(server, changes, era)
      return server
    },
    { transport: new StdioServerTransport(input, output) },
  )
  await closed
  closing.abort()
  await handle.close()
}
