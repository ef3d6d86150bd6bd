import { setTimeout as pause } from 'node:timers/promises'
import { isFault } from '../../infra/errors.ts'
import { lost, refusalOf } from './refusal.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface Request {
  /** Without a slash at the beginning. */
  readonly path: string
  /** Sent as JSON with POST; GET without it. */
  readonly body?: unknown
  /** Makes it safe to send the request again. GET always is. */
  readonly key?: string
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export interface LineOptions {
  /** With a slash at the end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
  /** Milliseconds without a sign of life after which an attempt is given up. */
  readonly timeoutMs: number
  /** Attempts in all. */
  readonly tries: number
  /** Waits between two attempts. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Makes the headers that pay what a 402 asks for; null where it asks for no payment. */
  readonly pay: ((refusal: Headers) => Promise<Record<string, string> | null>) | undefined
  /** Payments of requests whose fate is not known, by the request: who asks again under the same key pays with the same. */
  readonly payments: Map<string, Record<string, string>>
}

/** Reads what came; `alive` is called for every piece of a stream, so that a long answer is not taken for a dead one. */
export type Read<T> = (response: Response, alive: () => void) => Promise<T>

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 10_000
/** Who is told to come back later than this is told so, and not kept waiting. */
const LONGEST_RETRY_AFTER_SECONDS = 60

export const waiting = (ms: number, signal?: AbortSignal): Promise<void> =>
  pause(ms, undefined, signal === undefined ? {} : { signal })

/**
 * Sends a request until it is answered: again after a lost connection, a time-out or a refusal that says `retry`, with
 * growing pauses, and always under the same key and with the same payment, so that it is done and paid once.
 */
export const send = async <T>(line: LineOptions, request: Request, read: Read<T>): Promise<T> => {
  const safe = request.body === undefined || request.key !== undefined
  const name = `${request.path} ${request.key}`
  const paid = line.payments.get(name) ?? {}
  line.payments.delete(name)
  for (let tried = 1; ; tried++) {
    try {
      const answered = await attempt(line, request, paid, read)
      line.payments.delete(name)
      return answered
    } catch (error) {
      const open = isFault(error) ? error.retry : request.signal?.aborted === true
      if (open && Object.keys(paid).length > 0) line.payments.set(name, paid)
      request.signal?.throwIfAborted()
      if (!safe || !isFault(error) || !error.retry || tried >= line.tries) throw error
      const after = Number(error.facts.retryAfterSeconds ?? 0)
      if (after > LONGEST_RETRY_AFTER_SECONDS) throw error
      await line.wait(Math.max(after * 1000, backOff(tried)), request.signal)
    }
  }
}

const backOff = (tried: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tried - 1)) * (0.5 + Math.random() / 2)

const attempt = async <T>(
  line: LineOptions,
  request: Request,
  paid: Record<string, string>,
  read: Read<T>,
): Promise<T> => {
  const dead = new AbortController()
  const timer = setTimeout(() => dead.abort(), line.timeoutMs)
  const signal = AbortSignal.any([dead.signal, ...(request.signal === undefined ? [] : [request.signal])])
  try {
    let response = await answer(line, request, paid, signal)
    if (response.status === 402 && line.pay !== undefined && Object.keys(paid).length === 0) {
      const payment = await line.pay(response.headers)
      if (payment !== null) {
        Object.assign(paid, payment)
        await response.body?.cancel()
        response = await answer(line, request, paid, signal)
      }
    }
    if (!response.ok) throw await refusalOf(response)
    return await read(response, () => void timer.refresh())
  } finally {
    clearTimeout(timer)
  }
}

const answer = async (
  { url, fetch, headers }: LineOptions,
  request: Request,
  paid: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> => {
  const { path, body, key, accept = 'application/json' } = request
  const init: RequestInit = {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      accept,
      ...headers,
      ...request.headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...paid,
    },
    // A key is for this node, wherever it would send us.
    redirect: 'error',
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }
  try {
    return await fetch(`${url}${path}`, init)
  } catch (error) {
    throw lost(url, error)
  }
}

/** Reads an answer as JSON. */
export const readJson = async <T>(url: string, response: Response): Promise<T> => {
  try {
    return (await response.json()) as T
  } catch (error) {
    throw lost(url, error)
  }
}
