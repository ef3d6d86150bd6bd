import type { Hono, MiddlewareHandler } from 'hono'
import { isFault } from '../../infra/errors.ts'
import { guardBody } from './access/bodies.ts'
import { openCallers } from './access/callers.ts'
import { guardHost, guardOrigin } from './access/door.ts'
import { guardIdempotencyKey } from './access/idempotency.ts'
import { countAnonymous, isOutside, openRates } from './access/rates.ts'
import { guardTime, served } from './access/served.ts'
import type { Env, Gate } from './gate.ts'

/** The door that every request for programs comes through; behind it, `caller` and `requestId` are known. */
export const door = (app: Hono<Env>, gate: Gate): void => {
  app.use(served(gate))
  app.use(guardHost(gate))
  app.use(guardOrigin(gate))
  app.use(guardTime())
  app.use(access(gate))
  app.use(guardIdempotencyKey)
  app.use(guardBody)
}

/** Finds out who calls and counts it; a wrong or expired key counts as a request of nobody from there. */
const access = (gate: Gate): MiddlewareHandler<Env> => {
  const callerOf = openCallers(gate.network)
  const rates = openRates()
  return async (c, next) => {
    const shown = {
      authorization: c.req.header('authorization'),
      user: c.req.header('tributary-user'),
      requestId: c.get('requestId'),
      fromOutside: isOutside(gate, c),
    }
    const { caller, ratePerMinute } = await callerOf(shown).catch(async error => {
      if (isFault(error, 'key-invalid') || isFault(error, 'key-expired')) await countAnonymous(rates, gate, c)
      throw error
    })
    c.set('caller', caller)
    if (caller.key !== undefined && ratePerMinute !== null)
      await rates.count(c, `key/${caller.key.id}`, ratePerMinute)
    else if (caller.role === 'anyone') await countAnonymous(rates, gate, c)
    await next()
  }
}
