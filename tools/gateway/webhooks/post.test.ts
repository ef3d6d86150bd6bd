import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { post } from './post.ts'

const answers: Record<string, (response: import('node:http').ServerResponse) => void> = {
  '/fine': response => response.writeHead(204).end(),
  '/moved': response => response.writeHead(307, { location: '/fine' }).end(),
  '/gone': response => response.writeHead(410).end(),
  '/broken': response => response.writeHead(500).end('x'.repeat(100_000)),
  '/endless': response => {
    response.writeHead(200)
    response.write('x')
  },
  '/silent': () => {},
  '/cut': response => response.destroy(),
}
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  answers[request.url ?? '']?.(response)
})
let base: string
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
const signal = new AbortController().signal
const send = (url: string, reach: 'public' | 'anywhere', timeoutMs = 5000) =>
  post({ url, headers: { 'content-type': 'application/json' }, body: '{}' }, { reach, signal, timeoutMs })

it('succeeds with 2xx, whatever else is in the answer', async () => {
  expect(await send(`${base}/fine`, 'anywhere')).toEqual({ ok: true })
  expect(await send(`${base}/endless`, 'anywhere')).toEqual({ ok: true })
})

it('follows no redirect', async () => {
  asked.length = 0
  expect(await send(`${base}/moved`, 'anywhere')).toEqual({ ok: false, reason: 'It answered 307.' })
  expect(asked).toEqual(['/moved'])
})

it('says what went wrong without what the receiver answered', async () => {
  expect(await send(`${base}/broken`, 'anywhere')).toEqual({ ok: false, reason: 'It answered 500.' })
  expect(await send(`${base}/gone`, 'anywhere')).toMatchObject({ ok: false, gone: true })
  expect(await send(`${base}/cut`, 'anywhere')).toEqual({
    ok: false,
    reason: 'It could not be reached (ECONNRESET).',
  })
  expect(await send(`${base}/silent`, 'anywhere', 50)).toEqual({
    ok: false,
    reason: 'It did not answer in time.',
  })
})

it('connects to no private address, by number or by name', async () => {
  asked.length = 0
  expect(await send(base, 'public')).toEqual({ ok: false, reason: 'It is no https address.' })
  expect(await send(base.replace('http:', 'https:'), 'public')).toEqual({
    ok: false,
    reason: 'It is no public address.',
  })
  expect(await send(base.replace('http://127.0.0.1', 'https://localhost'), 'public')).toEqual({
    ok: false,
    reason: 'Its name leads to an address that is not public.',
  })
  expect(asked).toEqual([])
})
