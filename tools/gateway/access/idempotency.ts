import type { MiddlewareHandler } from 'hono'
import { fault } from '../../../infra/errors.ts'
import type { Env } from '../gate.ts'

/** Refuses an idempotency key that a header should not hold or an index cannot (`input-invalid`). */
export const checkIdempotencyKey = (key: string): void => {
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw fault('input-invalid', 'The idempotency key cannot be used.', {
      fix: 'Send 1 to 200 visible ASCII characters without a space, such as a UUID.',
    })
}

/** A key is refused before anything is asked or paid under it. */
export const guardIdempotencyKey: MiddlewareHandler<Env> = async (c, next) => {
  const key = c.req.header('idempotency-key')
  if (key !== undefined) checkIdempotencyKey(key)
  await next()
}
