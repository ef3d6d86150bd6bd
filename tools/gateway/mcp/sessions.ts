import {
  legacyStatelessFallback,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { authOf, type Request as Known, ownerOf } from './caller.ts'

interface Session {
  readonly owner: string
  readonly transport: WebStandardStreamableHTTPServerTransport
  close(): Promise<void>
  seen: number
}

/** Milliseconds after the last request; a client that comes later opens a new session, as the protocol has it. */
const IDLE_MS = 3_600_000
/** Of one caller and of all; the one used longest ago gives way. */
const SESSIONS = { caller: 100, all: 2_000 }
/** Characters of a handshake, which is held as long as its session. */
const HANDSHAKE = 16_384

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

  const makeRoom = async (owner: string): Promise<void> => {
    const now = Date.now()
    const all = [...sessions].sort(([, a], [, b]) => a.seen - b.seen)
    const own = all.filter(([, session]) => session.owner === owner)
    const idle = all.filter(([, { seen }]) => now - seen > IDLE_MS)
    const over = [
      ...own.slice(0, Math.max(0, own.length - SESSIONS.caller + 1)),
      ...all.slice(0, Math.max(0, all.length - SESSIONS.all + 1)),
    ]
    for (const [id] of [...over, ...idle]) await end(id)
  }

  const open = async (request: Request, body: unknown, known: Known): Promise<Response> => {
    const authInfo = authOf(known)
    const owner = ownerOf(known)
    await makeRoom(owner)
    const server = await factory({ era: 'legacy', authInfo, requestInfo: request })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: id => {
        sessions.set(id, { owner, transport, close: () => server.close(), seen: Date.now() })
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
        if (isHandshake(body)) return isLong(body) ? tooLong() : open(request, body, known)
        return once(request, { authInfo: authOf(known), ...(body === undefined ? {} : { parsedBody: body }) })
      }
      const session = sessions.get(id)
      if (session === undefined || session.owner !== ownerOf(known)) return unknown()
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

/** What is nested deeper than the stack is long too. */
const isLong = (body: unknown): boolean => {
  try {
    return JSON.stringify(body).length > HANDSHAKE
  } catch {
    return true
  }
}

const refusal = (status: number, code: number, message: string): Response =>
  Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status })

const unknown = (): Response => refusal(404, -32001, 'Session not found')
const tooLong = (): Response => refusal(400, -32600, `A handshake has up to ${HANDSHAKE} characters.`)
