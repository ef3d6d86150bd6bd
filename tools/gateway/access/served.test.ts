import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { isFault } from '../../../infra/errors.ts'
import type { Env } from '../gate.ts'
import { guardTime } from './served.ts'

const app = new Hono<Env>()
app.use(guardTime(0.001))
app.get('/never', () => new Promise<never>(() => {}))
app.get('/stream', c => {
  const { readable, writable } = new TransformStream<Uint8Array>()
  void Promise.resolve(app.request('/never')).then(async () => {
    const writer = writable.getWriter()
    await writer.write(new TextEncoder().encode('late'))
    await writer.close()
  })
  return c.body(readable)
})
app.onError((error, c) => c.text(isFault(error) ? error.code : 'other', 408))

it('an answer that does not begin in time is given up, and a stream that has begun is not', async () => {
  const never = await app.request('/never')
  expect([never.status, await never.text()]).toEqual([408, 'request-timeout'])
  const stream = await app.request('/stream')
  expect([stream.status, await stream.text()]).toEqual([200, 'late'])
})
