import { randomUUID } from 'node:crypto'
import { isFault, type TributaryError } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'

/** What a program is told of an error: never more than a person may know. */
export interface Told {
  readonly status: number
  /** Stable, for programs to branch on. */
  readonly code: string
  readonly message: string
  readonly fix: string
  /** Whether the same request may succeed later. */
  readonly retry: boolean
  /** Seconds to wait before it, where known. */
  readonly retryAfter: number | null
}

const statuses: Readonly<Record<string, number>> = {
  'key-missing': 401,
  'key-invalid': 401,
  'key-expired': 401,
  'insufficient-balance': 402,
  'not-allowed': 403,
  'scope-missing': 403,
  'host-foreign': 403,
  'origin-foreign': 403,
  'method-unknown': 405,
  'request-timeout': 408,
  'key-reused': 409,
  'answer-refunded': 409,
  'wrong-state': 409,
  'body-too-large': 413,
  'media-type-unsupported': 415,
  'input-invalid': 422,
  'budget-spent': 429,
  'rate-limited': 429,
  'queue-full': 503,
  'rights-missing': 422,
  'answer-pending': 409,
}

/** The HTTP status of a fault. */
export const statusOf = ({ code, blame, retry }: TributaryError): number => {
  const known = statuses[code]
  if (known !== undefined) return known
  if (code.endsWith('-unknown') || code.endsWith('-missing')) return 404
  if (blame === 'person') return 400
  return retry ? 503 : 500
}

/** What to tell of any error; what is not the caller's doing is logged under an incident's number and told without detail. */
export const toldOf = (error: unknown, log: Log, requestId: string): Told => {
  if (isFault(error) && (error.blame === 'person' || error.blame === 'world')) {
    const { code, message, fix, retry } = error
    const status = statusOf(error)
    const after = error.facts.retryAfterSeconds
    // Every 503 says when to come back: a lease or a database that was away is there again soon.
    const soon = status === 503 ? 1 : null
    return { status, code, message, fix, retry, retryAfter: typeof after === 'number' ? after : soon }
  }
  const incident = randomUUID()
  log.error('request.failed', {
    incident,
    request: requestId,
    error: error instanceof Error ? error : String(error),
  })
  const retry = isFault(error) && error.retry
  return {
    status: retry ? 503 : 500,
    code: 'incident',
    message: 'Something went wrong on our side.',
    fix: `The operator finds it in the log as incident ${incident}.`,
    retry,
    retryAfter: retry ? 1 : null,
  }
}

/** RFC 9457 problem document. */
export const problemOf = (told: Told, requestId: string): Record<string, unknown> => ({
  type: `urn:tributary:fault:${told.code}`,
  title: told.message,
  status: told.status,
  detail: told.fix,
  instance: `urn:tributary:request:${requestId}`,
  code: told.code,
  retry: told.retry,
})

/** The headers that go with a refusal. */
export const headersOf = (told: Told): Record<string, string> => ({
  ...(told.retryAfter === null ? {} : { 'retry-after': String(Math.ceil(told.retryAfter)) }),
  ...(told.status === 401 ? { 'www-authenticate': 'Bearer realm="tributary"' } : {}),
})
