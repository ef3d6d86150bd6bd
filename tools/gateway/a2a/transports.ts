import {
  A2A_ERROR_CODE,
  ContentTypeNotSupportedError,
  JsonRpcTransportError,
  RequestMalformedError,
} from '@a2a-js/sdk/errors'
import { fault } from '../../../infra/errors.ts'
import type { Log } from '../../../infra/log.ts'
import { type Refusal, restRefusal, rpcRefusal } from './faults.ts'
import { type Operation, operations } from './operations.ts'

/** A request as its transport brought it, and how that transport writes answers. */
export interface Wire {
  readonly binding: 'JSONRPC' | 'HTTP+JSON'
  readonly contentType: string
  /** Finds out what is asked. Throws what `refusal` can tell. */
  read(): Promise<{ operation: Operation; params: unknown }>
  wrap(result: unknown): unknown
  refusal(error: unknown): Refusal
}

const json = async (request: Request, types: readonly string[], optional = false): Promise<unknown> => {
  const text = await request.text()
  if (text === '' && optional) return {}
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === undefined || !types.includes(type))
    throw new ContentTypeNotSupportedError(`The body is ${types.join(' or ')}.`)
  return JSON.parse(text)
}

type RpcId = string | number | null
const isId = (id: unknown): id is RpcId =>
  id === null || typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id))

/** JSON-RPC 2.0: one request in a POST to the agent's own address. */
export const rpcWire = (request: Request, log: Log, requestId: string): Wire => {
  let id: RpcId = null
  const invalid = (code: number, message: string) =>
    new JsonRpcTransportError({ jsonrpc: '2.0', id, error: { code, message } })
  return {
    binding: 'JSONRPC',
    contentType: 'application/json',
    read: async () => {
      const body = await json(request, ['application/json']).catch((error: unknown) => {
        throw error instanceof SyntaxError
          ? invalid(A2A_ERROR_CODE.PARSE_ERROR, 'The body is not JSON.')
          : error
      })
      const { jsonrpc, method, params, ...rest } =
        typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
      if (isId(rest.id)) id = rest.id
      if (jsonrpc !== '2.0' || typeof method !== 'string' || !isId(rest.id ?? null))
        throw invalid(A2A_ERROR_CODE.INVALID_REQUEST, 'The body is not a request of JSON-RPC 2.0.')
      const operation = Object.hasOwn(operations, method) ? operations[method] : undefined
      if (operation === undefined) throw invalid(A2A_ERROR_CODE.METHOD_NOT_FOUND, 'There is no such method.')
      return { operation, params: params ?? (method === 'GetExtendedAgentCard' ? {} : params) }
    },
    wrap: result => ({ jsonrpc: '2.0', id, result }),
    refusal: error => {
      const refusal = rpcRefusal(error, log, requestId)
      return { ...refusal, error: { jsonrpc: '2.0', id, error: refusal.error } }
    },
  }
}

/** Method and path of each operation; a path's groups are parameters. */
const routes: readonly (readonly [method: string, path: RegExp, operation: string])[] = [
  ['POST', /^\/message:send$/, 'SendMessage'],
  ['POST', /^\/message:stream$/, 'SendStreamingMessage'],
  ['GET', /^\/tasks$/, 'ListTasks'],
  ['GET', /^\/tasks\/(?<id>[^/:]+)$/, 'GetTask'],
  ['POST', /^\/tasks\/(?<id>[^/:]+):cancel$/, 'CancelTask'],
  // The protocol's text says POST, its proto file GET.
  ['POST', /^\/tasks\/(?<id>[^/:]+):subscribe$/, 'SubscribeToTask'],
  ['GET', /^\/tasks\/(?<id>[^/:]+):subscribe$/, 'SubscribeToTask'],
  ['POST', /^\/tasks\/(?<taskId>[^/:]+)\/pushNotificationConfigs$/, 'CreateTaskPushNotificationConfig'],
  ['GET', /^\/tasks\/(?<taskId>[^/:]+)\/pushNotificationConfigs$/, 'ListTaskPushNotificationConfigs'],
  [
    'GET',
    /^\/tasks\/(?<taskId>[^/:]+)\/pushNotificationConfigs\/(?<id>[^/]+)$/,
    'GetTaskPushNotificationConfig',
  ],
  [
    'DELETE',
    /^\/tasks\/(?<taskId>[^/:]+)\/pushNotificationConfigs\/(?<id>[^/]+)$/,
    'DeleteTaskPushNotificationConfig',
  ],
  ['GET', /^\/extendedAgentCard$/, 'GetExtendedAgentCard'],
]

/** HTTP+JSON: a path for each operation below the agent's address. */
export const restWire = (request: Request, path: string, log: Log, requestId: string): Wire => ({
  binding: 'HTTP+JSON',
  contentType: 'application/a2a+json',
  read: async () => {
    for (const [method, pattern, name] of routes) {
      const match = method === request.method ? pattern.exec(path) : null
      const operation = match === null ? undefined : operations[name]
      if (match === null || operation === undefined) continue
      const body = await restBody(request)
      return { operation, params: { ...body, ...match.groups } }
    }
    throw fault('route-unknown', 'The agent has no such operation.', {
      fix: 'Use the operations of A2A 1.0 over HTTP+JSON.',
    })
  },
  wrap: result => result,
  refusal: error => {
    const refusal = restRefusal(error, log, requestId)
    return { ...refusal, error: { error: refusal.error } }
  },
})

const restBody = async (request: Request): Promise<Record<string, unknown>> => {
  if (request.method !== 'POST') {
    const { includeArtifacts, ...query } = Object.fromEntries(new URL(request.url).searchParams)
    return {
      ...query,
      ...(includeArtifacts === undefined ? {} : { includeArtifacts: includeArtifacts === 'true' }),
    }
  }
  const body = await json(request, ['application/json', 'application/a2a+json'], true).catch(
    (error: unknown) => {
      throw error instanceof SyntaxError ? new RequestMalformedError('The body is not JSON.') : error
    },
  )
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RequestMalformedError('The body is not an object.')
  return { ...body }
}
