import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { guardTime } from '../access/served.ts'
import type { Env, Gate } from '../gate.ts'
import { attention } from './answers.ts'

const gate = { closing: new AbortController().signal } as Gate
const signals: AbortSignal[] = []
const app = new Hono<Env>()
app.use(guardTime(0.001))
app.use(async (c, next) => {
  c.set('caller', { role: c.req.path === '/sold' ? 'anyone' : 'member', accountId: null, surface: 'test' })
  await next()
})
app.get('/*', c => {
  signals.push(attention(gate, c).signal)
  return new Promise<never>(() => {})
})
app.onError((_, c) => c.text('late', 408))

it('what the client can only ask anew is given up with its request, and what it will ask for again is not', async () => {
  await app.request('/')
  await app.request('/', { headers: { 'idempotency-key': 'mine' } })
  await app.request('/sold')
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, false])
})
