import { setTimeout as sleep } from 'node:timers/promises'
import { fault, isFault } from '../../infra/errors.ts'
import type { BaseId } from './id.ts'

export interface HubOptions {
  /** The hub's address (default https://huggingface.co). Plain http only on this machine. */
  endpoint?: string | undefined
  /** Sent to the endpoint's own origin, never to where it redirects. */
  token?: string | undefined
  signal?: AbortSignal | undefined
  /** Waits before a request is repeated; for tests. */
  wait?(milliseconds: number): Promise<void>
}

/** A connection to the hub for one base; its faults name that base. */
export interface Hub {
  readonly id: BaseId
  /** Without a slash at the end. */
  readonly endpoint: string
  /** One GET, redirects followed. Throws `Unsteady` where another try may help, else a fault. Passes 416 through. */
  get(url: string, headers: Readonly<Record<string, string>>, file?: string): Promise<Response>
  /** Repeats the work while it throws `Unsteady`, five times without `progressed` being called; then `base-download`. */
  patiently<T>(work: (progressed: () => void) => Promise<T>): Promise<T>
  /** Throws the signal's reason once it is aborted. */
  check(): void
}

/** A failure of the moment: too many requests, a busy server, a connection that was cut. */
export class Unsteady extends Error {
  /** What the server asked to wait for, ms. */
  readonly afterMs: number | null
  constructor(message: string, details: { afterMs?: number | null; cause?: unknown } = {}) {
    super(message, { cause: details.cause })
    this.afterMs = details.afterMs ?? null
  }
}

const TRIES = 5
const REDIRECTS = 5
/** The hub counts requests in windows of five minutes; who asks for more is not waited for. */
const LONGEST_WAIT_MS = 300_000

/** Opens the way to the hub; nothing is sent yet. Throws `base-download` for an address and `base-forbidden` for a token that no request can carry. */
export const openHub = (id: BaseId, options: HubOptions): Hub => {
  const { signal, wait = ms => sleep(ms, undefined, { signal }) } = options
  const home = new URL(options.endpoint ?? 'https://huggingface.co')
  const endpoint = home.href.replace(/\/+$/, '')
  const loopback = isLoopback(home)
  const token = options.token?.trim() ?? ''
  const failed = (message: string, retry: boolean, cause?: unknown) =>
    fault('base-download', message, {
      fix: retry
        ? 'Start again when the hub can be reached; what has arrived is kept.'
        : `Look at ${endpoint}/${id.repo}, or name another base.`,
      facts: { base: id.repo },
      retry,
      blame: retry ? 'world' : 'operator',
      cause,
    })
  if (home.protocol !== 'https:' && !loopback)
    throw failed(`The hub's address ${home.origin} is not https.`, false)
  // Checked here: the message of an invalid header would hold the token.
  if (!/^[\x21-\x7e]*$/.test(token))
    throw fault('base-forbidden', 'HF_TOKEN holds characters that no token has.', {
      fix: 'Copy the token again, in one line.',
      blame: 'operator',
    })

  const get: Hub['get'] = async (address, headers, file) => {
    let url = new URL(address)
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      // A public hub must not lead us to this machine, nor off https.
      if (url.protocol !== 'https:' && !(loopback && isLoopback(url)))
        throw failed(`The hub redirects to ${url.origin}, which is not https.`, false)
      const own = url.origin === home.origin && token !== ''
      const response = await fetch(url, {
        headers: { ...headers, ...(own ? { authorization: `Bearer ${token}` } : {}) },
        redirect: 'manual',
        ...(signal === undefined ? {} : { signal }),
      }).catch(cause => {
        signal?.throwIfAborted()
        throw new Unsteady(`${url.host} cannot be reached`, { cause })
      })
      const next = response.headers.get('location')
      if (response.status < 300 || response.status >= 400 || next === null) return judge(response, url, file)
      await drop(response)
      url = new URL(next, url)
    }
    throw failed('The hub redirects in a circle.', false)
  }

  const judge = async (response: Response, url: URL, file: string | undefined): Promise<Response> => {
    const { status } = response
    if (response.ok || status === 416) return response
    await drop(response)
    if (status === 429 || status >= 500)
      throw new Unsteady(`${url.host} answered ${status}`, {
        afterMs: retryAfter(response.headers.get('retry-after')),
      })
    const where = `${id.repo} at revision ${id.revision}`
    // Who is not logged in gets 401 for a model that does not exist, too; the header tells them apart.
    const absent = status === 404 || response.headers.get('x-error-code') === 'RepoNotFound'
    if (absent)
      throw fault(
        'base-not-found',
        `${home.host} has no ${file === undefined ? 'public model' : `${file} in`} ${where}.`,
        {
          fix: 'Check the spelling of owner/name@revision; a private model needs HF_TOKEN.',
          facts: { base: id.repo, status },
          blame: 'operator',
        },
      )
    if (status === 401 || status === 403)
      throw fault('base-forbidden', `${home.host} does not give ${where} to you.`, {
        fix: `Accept the model's licence at ${endpoint}/${id.repo} and set HF_TOKEN to a token that may read it.`,
        facts: { base: id.repo, status, token: token !== '' },
        blame: 'operator',
      })
    throw failed(`${url.host} answered ${status} for ${file ?? where}.`, false)
  }

  const patiently: Hub['patiently'] = async work => {
    let failures = 0
    for (;;) {
      signal?.throwIfAborted()
      try {
        return await work(() => {
          failures = 0
        })
      } catch (error) {
        signal?.throwIfAborted()
        if (isFault(error) || !(error instanceof Unsteady)) throw error
        const pause = error.afterMs ?? 1000 * 2 ** failures
        failures++
        if (failures >= TRIES || pause > LONGEST_WAIT_MS)
          throw failed(`${id.repo} cannot be fetched now: ${error.message}.`, true, error)
        await wait(pause)
      }
    }
  }
  return { id, endpoint, get, patiently, check: () => signal?.throwIfAborted() }
}

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)

/** Milliseconds of a Retry-After header: seconds, or a date. */
const retryAfter = (value: string | null): number | null => {
  if (value === null) return null
  const ms = /^\d+$/.test(value) ? 1000 * Number(value) : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}

const drop = async (response: Response): Promise<void> => {
  await response.body?.cancel().catch(() => {})
}
