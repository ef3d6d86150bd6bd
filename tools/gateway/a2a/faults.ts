import {
  A2A_ERROR_CODE,
  A2AError,
  ERROR_INFO_TYPE,
  restStatusFor,
  toJsonRpcError,
  toRestErrorBody,
} from '@a2a-js/sdk/errors'
import type { Log } from '../../../infra/log.ts'
import { headersOf, type Told, toldOf } from '../faults.ts'

/** An error as it stands on the wire. */
export interface Refusal {
  readonly status: number
  readonly headers: Record<string, string>
  readonly error: unknown
}

/** `google.rpc.ErrorInfo`, with the domain of our own codes. */
const details = ({ code, fix, retry }: Told, requestId: string) => [
  {
    '@type': ERROR_INFO_TYPE,
    reason: code.toUpperCase().replaceAll('-', '_'),
    domain: 'tributary',
    metadata: { fix, retry: String(retry), request: requestId },
  },
]

const statusNames: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  402: 'FAILED_PRECONDITION',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

/** For HTTP+JSON: A2A's own errors as the SDK writes them, ours as `google.rpc.Status` of the same shape. */
export const restRefusal = (error: unknown, log: Log, requestId: string): Refusal => {
  if (error instanceof A2AError) {
    const status = restStatusFor(error)
    return { status, headers: {}, error: toRestErrorBody(error, status).error }
  }
  const told = toldOf(error, log, requestId)
  const { status, message } = told
  return {
    status,
    headers: headersOf(told),
    error: {
      code: status,
      status: statusNames[status] ?? 'INVALID_ARGUMENT',
      message,
      details: details(told, requestId),
    },
  }
}

/** -32000 is JSON-RPC's first code for servers; A2A's own begin one below it. */
const REFUSED = -32_000
const refused = new Set([401, 402, 403, 429])

/**
 * For JSON-RPC: the codes of JSON-RPC and A2A in an answer with status 200; what concerns the door (who calls, what is paid,
 * how often) keeps its HTTP status, which clients and proxies act on.
 */
export const rpcRefusal = (error: unknown, log: Log, requestId: string): Refusal => {
  if (error instanceof A2AError) return { status: 200, headers: {}, error: toJsonRpcError(error) }
  const told = toldOf(error, log, requestId)
  const { status, message } = told
  const code =
    status >= 500
      ? A2A_ERROR_CODE.INTERNAL_ERROR
      : refused.has(status)
        ? REFUSED
        : A2A_ERROR_CODE.INVALID_PARAMS
  return {
    status: status >= 500 || refused.has(status) ? status : 200,
    headers: headersOf(told),
    error: { code, message, data: details(told, requestId) },
  }
}
