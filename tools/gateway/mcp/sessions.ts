import {
  legacyStatelessFallback,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { authOf, identityOf, type Request as Known } from './caller.ts'

interface Session {
  readonly identity: string
  readonly transport: WebStandardStreamableHTTPServerTransport
  close(): Promise<void>
  seen: number
}

/** Milliseconds after the last request; a client that comes later opens a new session, as the protocol has it. */
const IDLE_MS = 3_600_000
/** Of one caller; the one used longest ago gives way. */
const SESSIONS = 100

/**
 * The sessions of the 2025 revisions: the server asks its client back (elicitation) over them. A session belongs to the
 * caller who opened it; to everybody else it does not exist.
 */
export const openSessions = (factory: McpServerFactory) => {
  const sessions = new Map<string, Session>()
  const once = legacyStatelessFallback(factory)

  const end = async (id: string): Promise<void> => {
    const session = sessions.get(id)
    sessions.delete(id)
    await session?.close()
  }

  const makeRoom = async (identity: string): Promise<void> => {
    const now = Date.now()
    const own = [...sessions].filter(([, session]) => session.identity === identity)
    const over = own.sort(([, a], [, b]) => a.seen - b.seen).slice(0, Math.max(0, own.length - SESSIONS + 1))
    const idle = [...sessions].filter(([, { seen }]) => now - seen > IDLE_MS)
    for (const [id] of [...over, ...idle]) await end(id)
  }

  const open = async (request: Request, body: unknown, known: Known): Promise<Response> => {
    const authInfo = authOf(known)
    const identity = identityOf(known.caller)
    await makeRoom(identity)
    const server = await factory({ era: 'legacy', authInfo, requestInfo: request })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: id => {
        sessions.set(id, { identity, transport, close: () => server.close(), seen: Date.now() })
      },
      onsessionclosed: id => end(id),
    })
    await server.connect(transport)
    const answer = await transport.handleRequest(request, { authInfo, parsedBody: body })
    if (transport.sessionId === undefined) await server.close()
    return answer
  }

  return {
    /** Answers a request of the 2025 revisions; one without a session that is no handshake is answered by itself. */
    fetch: async (request: Request, body: unknown, known: Known): Promise<Response> => {
      const id = request.headers.get('mcp-session-id')
      if (id === null) {
        if (isHandshake(body)) return open(request, body, known)
        return once(request, { authInfo: authOf(known), ...(body === undefined ? {} : { parsedBody: body }) })
      }
      const session = sessions.get(id)
      if (session === undefined || session.identity !== identityOf(known.caller)) return unknown()
      session.seen = Date.now()
      return session.transport.handleRequest(request, {
        authInfo: authOf(known),
        ...(body === undefined ? {} : { parsedBody: body }),
      })
    },
    close: async (): Promise<void> => {
      for (const id of [...sessions.keys()]) await end(id)
    },
  }
}

const isHandshake = (body: unknown): boolean =>
  (body as { method?: unknown } | undefined)?.method === 'initialize'

const unknown = (): Response =>
  Response.json(
    { jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null },
    { status: 404 },
  )
