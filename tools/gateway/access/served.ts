import { randomUUID } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { fault, isFault } from '../../../infra/errors.ts'
import type { Env, Gate } from '../gate.ts'

const headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const

/**
 * Numbers a request, gives its answer the headers that every answer has, and writes one line of it into the log: never
 * its query, which may hold what a person wrote. A stream's line is written when it begins.
 */
export const served =
  ({ network }: Gate): MiddlewareHandler<Env> =>
  async (c, next) => {
    const start = performance.now()
    const request = randomUUID()
    c.set('requestId', request)
    c.res.headers.set('x-request-id', request)
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value)
    await next()
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
    // The answer to HEAD is that to GET without its body: a stream would wait for a reader.
    if (c.req.method === 'HEAD') await c.res.body?.cancel()
    network.log.info('request.served', {
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round(performance.now() - start),
      request,
      by: c.get('caller')?.key?.id,
      code: isFault(c.error) ? c.error.code : undefined,
    })
  }

/** Seconds until an answer has to begin; a stream that has begun goes on. */
export const PATIENCE_SECONDS = 120

/**
 * Answers with `request-timeout` where nothing else has in time. The work goes on, to be found under its idempotency key;
 * `late` tells it.
 */
export const guardTime =
  (seconds = PATIENCE_SECONDS): MiddlewareHandler<Env> =>
  async (c, next) => {
    const missed = new AbortController()
    c.set('late', missed.signal)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        missed.abort()
        const fix = 'Send it again with the same Idempotency-Key: what was done is not done twice.'
        reject(
          fault('request-timeout', `No answer came within ${seconds} s.`, {
            fix,
            blame: 'world',
            retry: true,
          }),
        )
      }, seconds * 1000)
    })
    try {
      await Promise.race([next(), late])
    } finally {
      clearTimeout(timer)
    }
  }
