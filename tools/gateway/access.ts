import type { MiddlewareHandler } from 'hono'
import type { Env, Gate } from './gate.ts'

/** Who calls: by an API key, or nobody in particular. */
export const access =
  (_gate: Gate): MiddlewareHandler<Env> =>
  async (c, next) => {
    c.set('caller', { role: 'anyone', accountId: null, surface: 'api' })
    await next()
  }
