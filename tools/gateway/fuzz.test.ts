import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import { ask } from '../ask.ts'
import { call } from '../registry.ts'
import { subscribe } from '../subscribe.ts'
import { as, ids, NOW } from '../testing/small-network.ts'
import { verbs } from '../verbs.ts'
import type { Gateway } from './gateway.ts'
import { openGateway } from './gateway.ts'
import { type FuzzRequest, fuzzRequests } from './testing/fuzz-requests.ts'
import { openStage, type Stage } from './testing/stage.ts'

/** All 10,000 of the bar: FUZZ_REQUESTS=10000 npx vitest run tools/gateway/fuzz.test.ts */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1500)
const SEED = Number(process.env.FUZZ_SEED ?? 20260301)
const AT_ONCE = 8
/** Characters of an answer that are looked at; a stream is left then. */
const LOOKED_AT = 2_000_000

const secret = 'zq7-private'
/** Ten digits that stay recognisable while Ann spends: a question costs 50,000. */
const prepaid = 9_876_504_321n
const balance = /(?<!\d)9[78]\d{4}4321(?!\d)/

/** A chain that is away, for all but addresses and the terms of a payment. */
const chainAway = (known: object) =>
  new Proxy(known, {
    get: (target, name) =>
      Reflect.get(target, name) ??
      (async () => {
        throw fault('chain-gone', 'The chain does not answer.', {
          fix: 'Try again.',
          blame: 'world',
          retry: true,
          facts: { retryAfterSeconds: 1 },
        })
      }),
  })

describe('10,000 requests of all kinds to every route', () => {
  let stage: Stage
  let gateway: Gateway
  let keys: Record<FuzzRequest['who'], string | undefined>
  let foreign: { ann: string[]; bob: string[] }
  let host: string
  const failures = new Map<string, string>()

  beforeAll(async () => {
    const log: Log = {
      info: () => {},
      warn: () => {},
      error: (_, facts) => {
        failures.set(
          String(facts?.request),
          facts?.error instanceof Error ? (facts.error.stack ?? '') : String(facts?.error),
        )
      },
      with: () => log,
    }
    const away = chainAway({
      address: (wallet: number) => `0xwallet${wallet}`,
      balance: async () => 99n,
      disputeWindowSeconds: 600,
      paymentTerms: async () => ({
        chainId: 31337,
        token: `0x${'1'.repeat(40)}`,
        treasury: `0x${'2'.repeat(40)}`,
        domain: { name: 'Token', version: '1' },
        time: BigInt(NOW.getTime() / 1000),
      }),
      status: async () => ({
        embedded: false,
        chainId: 31337,
        time: BigInt(NOW.getTime() / 1000),
        addresses: { token: `0x${'1'.repeat(40)}`, treasury: `0x${'2'.repeat(40)}` },
      }),
    })
    stage = await openStage({ prepaid, network: { log, chain: away as Stage['network']['chain'] } })
    const { network } = stage
    keys = {
      nobody: undefined,
      ann: await stage.key({ name: `${secret}-key` }),
      bob: await stage.key({ accountId: ids.bob }),
    }
    const asked = await call(network, as(ids.ann), ask, {
      model: 'bees',
      question: `Tell me of ${secret}-question.`,
    })
    const { webhook } = await call(network, as(ids.ann), subscribe, {
      url: `https://hooks.example/${secret}-url`,
      kinds: ['thing.never'],
    })
    const { webhook: bobs } = await call(network, as(ids.bob), subscribe, {
      url: 'https://hooks.example/',
      kinds: ['thing.never'],
    })
    await network.db.query(
      `insert into outbox (id, account, channel, kind, facts, created_at) values ($1, $2, 'web', 'answer', $3, $4)`,
      [webhook, ids.ann, JSON.stringify({ text: `${secret}-notice` }), NOW],
    )
    foreign = {
      ann: [
        ids.ann,
        ids.answer,
        ids.receipt,
        asked.answerId,
        asked.receiptId,
        webhook,
        keys.ann?.split('_')[1] ?? '',
      ],
      bob: [ids.bob, ids.submission, ids.row(1), ids.ballotReceipt, bobs, keys.bob?.split('_')[1] ?? ''],
    }
    gateway = await openGateway(network, verbs, {
      TRIBUTARY_ANONYMOUS_RATE: 1_000_000,
      TRIBUTARY_CORS: [],
      TRIBUTARY_WEBHOOKS: 'anywhere',
      X402_FACILITATOR_URL: undefined,
    })
    host = new URL(stage.url).host
    await gateway.opened({ url: stage.url, local: stage.url, hosts: [host], origins: [] })
    foreign.ann.push(await openTask())
  })
  afterAll(async () => {
    await gateway.close()
    await stage.close()
  })

  /** A question of Ann's by A2A; returns the id of its task. */
  const openTask = async (): Promise<string> => {
    const parts = [{ text: `Tell me of ${secret}-task.` }]
    const answer = await send({
      who: 'ann',
      method: 'POST',
      path: '/a2a/models/bees/message:send',
      headers: { 'content-type': 'application/a2a+json', 'a2a-version': '1.0' },
      body: JSON.stringify({ message: { messageId: 'first', role: 'ROLE_USER', parts } }),
    })
    const { task } = (await answer.json()) as { task: { id: string } }
    return task.id
  }

  const send = async ({ who, method, path, headers, body }: FuzzRequest): Promise<Response> => {
    const key = keys[who]
    const all = new Headers({
      host,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    })
    const bodyless = method === 'GET' || method === 'HEAD' || body === undefined
    if (!bodyless) all.set('content-length', String(Buffer.byteLength(body)))
    return gateway.fetch(
      new Request(new URL(path, stage.url), { method, headers: all, ...(bodyless ? {} : { body }) }),
    )
  }

  const read = async (answer: Response): Promise<string> => {
    if (answer.body === null) return ''
    const stream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
    const reader = answer.body.getReader()
    const decoder = new TextDecoder()
    let text = ''
    // What has been written by the time it is asked for, of a stream that may never end.
    for (let chunks = 0; text.length < LOOKED_AT && (!stream || chunks < 3); chunks++) {
      const { done, value } = stream ? await Promise.race([reader.read(), afterTurns()]) : await reader.read()
      if (done) break
      text += decoder.decode(value, { stream: true })
    }
    await reader.cancel()
    return text
  }

  it(`no 5xx, every refusal in its route's shape, nothing of Ann's to anybody else (${REQUESTS} here)`, async () => {
    const found = new Map<string, string>()
    const note = (fault: string, request: FuzzRequest, more: string): void => {
      const name = `${fault} ${request.method} ${request.path.split('?')[0]}`
      if (!found.has(name))
        found.set(name, `${JSON.stringify(request).slice(0, 600)} -> ${more.slice(0, 900)}`)
    }
    const statuses = new Map<number, number>()
    let annSees = 0
    const judge = async (request: FuzzRequest): Promise<void> => {
      const answer = await send(request)
      const text = await read(answer)
      const { status } = answer
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const cause = failures.get(answer.headers.get('x-request-id') ?? '') ?? ''
      if (status >= 500 && !(status === 503 && answer.headers.has('retry-after')))
        note(String(status), request, text + cause)
      if (status >= 400 && request.method !== 'HEAD') {
        const shape = shapeFault(new URL(request.path, stage.url).pathname, status, text)
        if (shape !== undefined) note(shape, request, text)
      }
      if (request.who === 'ann') {
        if (text.includes(secret) && !JSON.stringify(request).includes(secret)) annSees++
        return
      }
      if (text.includes(secret) || balance.test(text)) note('leak', request, text)
      const unknown = [keys.ann, keys.ann?.split('_')[1], foreign.ann[5]].filter(
        own => !JSON.stringify(request).includes(own ?? ''),
      )
      if (unknown.some(own => text.includes(own ?? ''))) note('leak of an id', request, text)
    }
    const requests = fc.sample(fuzzRequests(verbs, foreign), { seed: SEED, numRuns: REQUESTS })
    let next = 0
    const worker = async (): Promise<void> => {
      for (let at = next++; at < requests.length; at = next++) {
        const request = requests[at] as FuzzRequest
        try {
          await judge(request)
        } catch (error) {
          note('thrown', request, error instanceof Error ? (error.stack ?? '') : String(error))
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    if (process.env.FUZZ_REQUESTS !== undefined)
      process.stdout.write(`${JSON.stringify([...statuses].sort())}\n`)
    expect(Object.fromEntries(found)).toEqual({})
    // Requests that nothing came of would prove little, and so would secrets that nobody is shown.
    expect(annSees).toBeGreaterThan(0)
    expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 20)
    const left = await stage.network.db.query(
      `select (select count(*)::int from webhooks where account_id = $1) as webhooks,
         (select count(*)::int from api_keys where account_id = $1 and revoked_at is null) as keys`,
      [ids.ann],
    )
    expect(left[0]).toMatchObject({ keys: 1 })
    expect(left[0]?.webhooks).toBeGreaterThan(0)
  }, 900_000)
})

const afterTurns = async (): Promise<{ done: true; value: undefined }> => {
  await new Promise(resolve => setTimeout(resolve, 30))
  return { done: true, value: undefined }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** What is wrong with the body of a refusal on a path; undefined where it is as that route's programs expect. */
const shapeFault = (path: string, status: number, text: string): string | undefined => {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return `${status}-not-json`
  }
  if (!isRecord(body)) return `${status}-no-object`
  const problem = body.status === status && typeof body.code === 'string' && typeof body.title === 'string'
  const terms = status === 402 && body.x402Version === 2
  const error = isRecord(body.error) && typeof body.error.message === 'string'
  if (terms) return undefined
  if (path.startsWith('/v1')) return error ? undefined : `${status}-not-as-openai`
  if (path.startsWith('/mcp') || path.startsWith('/a2a'))
    return error || problem ? undefined : `${status}-no-error`
  return problem ? undefined : `${status}-no-problem`
}
