import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { fault } from '../../../infra/errors.ts'
import type { Env, Gate } from '../gate.ts'

/** Headers of answers that a web page elsewhere may read. */
const exposed = [
  'x-request-id',
  'x-tributary-receipt',
  'payment-required',
  'payment-response',
  'idempotency-key',
  'link',
  'location',
  'mcp-session-id',
  'retry-after',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'www-authenticate',
]

/**
 * Only the node's own names reach it: a page elsewhere that points its name at 127.0.0.1 (DNS rebinding) still sends its
 * own Host. Throws `host-foreign`.
 */
export const guardHost =
  ({ address }: Gate): MiddlewareHandler<Env> =>
  async (c, next) => {
    const { hosts, url } = address()
    if (!hosts.includes(c.req.header('host')?.toLowerCase() ?? ''))
      throw fault('host-foreign', 'This address is not the node’s.', { fix: `Call ${url} instead.` })
    await next()
  }

/**
 * What comes from a web page comes from one of the node's own or from one that TRIBUTARY_CORS names; programs send no
 * Origin. Never with credentials: a browser's cookies count for nothing here, only a key does. Throws `origin-foreign`.
 */
export const guardOrigin = ({ address, settings }: Gate): MiddlewareHandler<Env> => {
  const elsewhere = new Set(settings.TRIBUTARY_CORS.map(origin => new URL(origin).origin))
  const answer = cors({ origin: origin => origin, exposeHeaders: exposed, maxAge: 600 })
  return async (c, next) => {
    const origin = c.req.header('origin')
    if (origin === undefined) return next()
    if (!elsewhere.has(origin) && !address().origins.includes(origin))
      throw fault('origin-foreign', 'This request comes from a web page that may not call the node.', {
        fix: 'Name the page’s origin in TRIBUTARY_CORS where the node is started.',
      })
    return answer(c, next)
  }
}
