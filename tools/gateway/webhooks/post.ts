import { lookup as dnsLookup, type LookupOptions } from 'node:dns'
import { request as requestPlain } from 'node:http'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isPublicAddress } from '../../../infra/public-address.ts'
import { refusedTarget, type WebhookReach } from '../../webhooks.ts'

export interface Post {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What came of a delivery; `gone` means that the receiver wants no more. */
export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly gone?: true }

class NotPublic extends Error {}

// The addresses that a name resolves to are the ones that are connected: nothing is resolved again after this.
const publicLookup: LookupFunction = (hostname, options: LookupOptions, done) =>
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, [])
    if (addresses.some(({ address }) => isPublicAddress(address) !== true)) return done(new NotPublic(), [])
    if (options.all === true) return done(null, addresses)
    const [first] = addresses
    done(null, first?.address ?? '', first?.family ?? 4)
  })

/**
 * Sends one event and says what came of it. 2xx within `timeoutMs` is a success; redirects are not followed, what the
 * receiver answers is not read, every delivery has a connection of its own.
 */
export const post = (
  { url: text, headers, body }: Post,
  { reach, signal, timeoutMs = 10_000 }: { reach: WebhookReach; signal: AbortSignal; timeoutMs?: number },
): Promise<Outcome> =>
  new Promise(resolve => {
    const url = new URL(text)
    const refused = refusedTarget(url, reach)
    if (refused !== null) return resolve({ ok: false, reason: refused })
    const timeout = AbortSignal.timeout(timeoutMs)
    const sent = (url.protocol === 'https:' ? request : requestPlain)(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: false,
      signal: AbortSignal.any([signal, timeout]),
      ...(reach === 'public' ? { lookup: publicLookup } : {}),
    })
    sent.once('response', response => {
      const status = response.statusCode ?? 0
      response.destroy()
      if (status >= 200 && status < 300) resolve({ ok: true })
      else if (status === 410) resolve({ ok: false, reason: 'It answered 410: gone.', gone: true })
      else resolve({ ok: false, reason: `It answered ${status}.` })
    })
    sent.once('socket', socket =>
      socket.once('connect', () => {
        if (reach === 'public' && isPublicAddress(socket.remoteAddress ?? '') !== true)
          sent.destroy(new NotPublic())
      }),
    )
    // After the answer it only tells that the connection was closed.
    sent.on('error', error => resolve({ ok: false, reason: reasonOf(error, timeout.aborted) }))
    sent.end(body)
  })

const reasonOf = (error: Error, late: boolean): string => {
  if (error instanceof NotPublic) return 'Its name leads to an address that is not public.'
  if (late) return 'It did not answer in time.'
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && /^[A-Z_]{2,60}$/.test(code)
    ? `It could not be reached (${code}).`
    : 'It could not be reached.'
}
