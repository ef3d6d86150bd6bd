import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  PROTOCOL_VERSION_META_KEY,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'

interface Open {
  readonly request: JSONRPCRequest
  readonly ending: AbortController
}

/**
 * Hands messages between a client on stdio and the /mcp of a node, until the client closes its end. Every request is
 * answered: what the node does not answer comes back as an error.
 */
export const bridgeStdio = async (
  url: string,
  headers: Readonly<Record<string, string>>,
  stdio = new StdioServerTransport(),
): Promise<void> => {
  const node = new StreamableHTTPClientTransport(new URL('mcp', url), { requestInit: { headers } })
  const open = new Map<string | number, Open>()
  const told = (message: JSONRPCMessage): void => void stdio.send(message).catch(() => {})

  node.onmessage = message => {
    if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) {
      const { id } = message
      const { request } = (id === undefined ? undefined : open.get(id)) ?? {}
      if (id !== undefined) open.delete(id)
      if (request?.method === 'initialize' && 'result' in message)
        node.setProtocolVersion(String(message.result.protocolVersion))
    }
    told(message)
  }
  const fail = (id: string | number, error: unknown): void => {
    const known = open.get(id)
    open.delete(id)
    if (known !== undefined && !known.ending.signal.aborted)
      told({ jsonrpc: '2.0', id, error: errorOf(id, error) })
  }
  stdio.onmessage = message => {
    if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') {
      // From 2026 on, a request over HTTP is cancelled by leaving it.
      const cancelled = open.get((message.params as { requestId: string | number }).requestId)
      if (cancelled !== undefined && isModern(cancelled.request)) return cancelled.ending.abort()
    }
    if (!isJSONRPCRequest(message)) return void node.send(message).catch(() => {})
    const { id } = message
    const ending = new AbortController()
    open.set(id, { request: message, ending })
    const onRequestStreamEnd = () => fail(id, new Error('The node ended the connection.'))
    node
      .send(message, { requestSignal: ending.signal, onRequestStreamEnd })
      .catch((error: unknown) => fail(id, error))
  }
  const closed = new Promise<void>(resolve => {
    stdio.onclose = resolve
  })
  await node.start()
  await stdio.start()
  await closed
  await node.terminateSession().catch(() => {})
  await node.close()
}

const isModern = ({ params }: JSONRPCRequest): boolean =>
  params?._meta?.[PROTOCOL_VERSION_META_KEY] !== undefined

const SERVER_ERROR = -32000

/** What the node said of a request that it refused: as a message of the protocol, or as a problem document. */
const errorOf = (id: string | number, error: unknown): { code: number; message: string } => {
  const text = error instanceof SdkHttpError ? error.data?.text : undefined
  const said = typeof text === 'string' ? parsed(text) : undefined
  if (isJSONRPCErrorResponse(said) && said.id === id) return said.error
  const { title, detail } = (said ?? {}) as { title?: unknown; detail?: unknown }
  if (typeof title === 'string') return { code: SERVER_ERROR, message: `${title} ${detail ?? ''}`.trim() }
  return { code: SERVER_ERROR, message: error instanceof Error ? error.message : String(error) }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
