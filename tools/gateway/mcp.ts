import { createMcpHandler, isLegacyRequest, type McpServerFactory } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { addressOf } from './access/rates.ts'
import type { Env, Gate } from './gate.ts'
import { authOf, type Request as Known, ownerOf, requestOf } from './mcp/caller.ts'
import { openChanges, tellSubscribers } from './mcp/changes.ts'
import { type Desk, openDesk, openMcpServer } from './mcp/server.ts'
import { openSessions } from './mcp/sessions.ts'
import { openPlaces, whenOver } from './sse/stream.ts'

/** Streams of changes open at once, of one caller and in all; the SDK knows only the latter. */
const PLACES = { perCaller: 20, inAll: 1_000 }

/**
 * The verbs as an MCP server at one URL, /mcp: revision 2026-07-28, where each request stands for itself, and 2025-11-25
 * and before, with sessions. Who calls was settled by the door. `extend` is for tests: it adds to every server.
 */
export const mcpRoutes = (gate: Gate, extend?: Desk['extend']): Hono<Env> => {
  const { network, verbs, closing } = gate
  const desk = openDesk(network, verbs, closing, extend)
  const changes = openChanges(network)
  const factory: McpServerFactory = ({ authInfo, era }) => {
    const own = requestOf(authInfo)
    if (own === undefined) throw new Error('An MCP request came in without passing the door.')
    const server = openMcpServer(desk, own.caller)
    if (era === 'legacy') tellSubscribers(server, changes, era)
    return server
  }
  const modern = createMcpHandler(factory, { legacy: 'reject', bus: changes })
  const sessions = openSessions(factory)
  const places = openPlaces(PLACES.perCaller, PLACES.inAll)
  closing.addEventListener('abort', () => void Promise.all([modern.close(), sessions.close()]), {
    once: true,
  })

  const answer = async (request: Request, known: Known): Promise<Response> => {
    const body: unknown = request.method === 'POST' ? await bodyOf(request) : undefined
    if (Array.isArray(body)) return batch()
    const given = body === undefined ? {} : { parsedBody: body }
    if (await isLegacyRequest(request, body)) return sessions.fetch(request, body, known)
    const served = () => modern.fetch(request, { authInfo: authOf(known), ...given })
    if (!isListening(body)) return served()
    const leave = places.take(ownerOf(known))
    return served().then(
      response => whenOver(response, leave),
      error => {
        leave()
        throw error
      },
    )
  }
  return new Hono<Env>().all('/mcp', c =>
    answer(c.req.raw, {
      caller: { ...c.get('caller'), surface: 'mcp' },
      requestId: c.get('requestId'),
      from: addressOf(gate, c),
    }),
  )
}

const isListening = (body: unknown): boolean =>
  (body as { method?: unknown } | undefined)?.method === 'subscriptions/listen'

/** Limits of rate count requests: a batch, which only the 2025-03-26 revision knew, would carry thousands of calls in one. */
const batch = (): Response =>
  Response.json(
    { jsonrpc: '2.0', error: { code: -32600, message: 'Send one message a request.' }, id: null },
    { status: 400 },
  )

/** Undefined where it is not JSON: the SDK says what is wrong then, so its copy stays unread. */
const bodyOf = (request: Request): Promise<unknown> =>
  request
    .clone()
    .json()
    .catch(() => undefined)
