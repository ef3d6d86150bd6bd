import { fault, type TributaryError } from '../../infra/errors.ts'

/** The connection failed or took too long: whether the node did the work is not known. */
export const lost = (url: string, cause?: unknown): TributaryError =>
  fault('node-unreachable', `The node at ${url} did not answer.`, {
    fix: 'Check that it runs and can be reached, and try again.',
    blame: 'world',
    retry: true,
    cause,
  })

/** Answers of proxies and servers that say nothing else: the same request may succeed later. */
const passing = new Set([408, 425, 429, 502, 503, 504])

type Told = Readonly<Record<string, unknown>>

/**
 * The error that a refusal tells: a problem document (RFC 9457), the terms of a payment, or OpenAI's `{ error }`. Its code is
 * the node's, and its facts hold the HTTP status, the request's id and how long to wait.
 */
export const refusalOf = async (response: Response): Promise<TributaryError> => {
  const { status, headers } = response
  const body = fieldsOf(await response.text().catch(() => ''))
  const told = text(body.code) === undefined ? fromOpenai(record(body.error)) : body
  const after = Number(headers.get('retry-after') ?? Number.NaN)
  return fault(
    text(told.code) ?? `http-${status}`,
    text(told.title) ?? text(told.message) ?? `The node answered with HTTP ${status}.`,
    {
      fix: text(told.detail) ?? text(told.fix) ?? 'Look for the request’s id in the node’s log.',
      retry: retryOf(told.retry ?? headers.get('x-should-retry')) ?? passing.has(status),
      blame: status < 500 ? 'person' : 'world',
      facts: {
        status,
        requestId: headers.get('x-request-id'),
        ...(Number.isFinite(after) ? { retryAfterSeconds: after } : {}),
      },
    },
  )
}

/** OpenAI's words for codes of ours; all others have underscores where ours have hyphens. */
const ours: Readonly<Record<string, string>> = {
  invalid_api_key: 'key-invalid',
  model_not_found: 'model-unknown',
  insufficient_quota: 'insufficient-balance',
  context_length_exceeded: 'prompt-too-long',
  rate_limit_exceeded: 'rate-limited',
  invalid_value: 'input-invalid',
}

/** An error in OpenAI's shape in our words: there the fix is the message's last sentence. */
export const fromOpenai = (error: Told): Told => {
  const code = text(error.code)
  const [, message, fix] = /^(.*[.!?]) ([^.!?]+[.!?])$/s.exec(text(error.message) ?? '') ?? []
  return {
    ...error,
    ...(code === undefined ? {} : { code: ours[code] ?? code.replaceAll('_', '-') }),
    ...(message === undefined ? {} : { message, fix }),
  }
}

/** A problem document says it itself; under /v1 a header does, as in OpenAI's API. */
const retryOf = (told: unknown): boolean | undefined =>
  told === true || told === 'true' ? true : told === false || told === 'false' ? false : undefined

const fieldsOf = (body: string): Told => {
  try {
    return record(JSON.parse(body))
  } catch {
    return {}
  }
}

const record = (value: unknown): Told => (typeof value === 'object' && value !== null ? (value as Told) : {})

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
