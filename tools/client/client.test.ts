import { describe, expect, it } from 'vitest'
import { type ClientOptions, TributaryClient } from './index.ts'

interface Sent {
  readonly url: string
  readonly init: RequestInit
  readonly headers: Headers
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

const problem = (status: number, code: string, part: object = {}, headers = {}): Response =>
  json(status, { title: `It is ${code}.`, detail: 'Mend it.', status, code, retry: false, ...part }, headers)

const events = (...lines: string[]): Response =>
  new Response(lines.map(line => `${line}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })

const gone = () => {
  throw new TypeError('fetch failed')
}

/** A client whose node answers by these in order, what was sent, and how long it waited in between. */
const open = (answers: readonly (() => Response)[], options: Partial<ClientOptions> = {}) => {
  const sent: Sent[] = []
  const waits: number[] = []
  const client = new TributaryClient({
    url: 'http://node.test:4380',
    fetch: async (url, init) => {
      const answer = answers[sent.length]
      sent.push({ url, init, headers: new Headers(init.headers) })
      if (answer === undefined) throw new Error('asked once too often')
      return answer()
    },
    wait: async ms => void waits.push(ms),
    ...options,
  })
  return { client, sent, waits, keys: () => sent.map(({ headers }) => headers.get('idempotency-key')) }
}

describe('a call', () => {
  it('is the verb’s route with the input as JSON, a key for it, and the caller’s', async () => {
    const { client, sent, keys } = open([() => json(200, { models: [] })], {
      apiKey: 'trib_1_s',
      user: 'Zoë',
    })
    expect(await client.models('bees')).toEqual([])
    expect(sent[0]).toMatchObject({
      url: 'http://node.test:4380/api/verbs/models',
      init: { method: 'POST', body: '{"model":"bees"}', redirect: 'error' },
    })
    expect(sent[0]!.headers.get('authorization')).toBe('Bearer trib_1_s')
    expect(sent[0]!.headers.get('tributary-user')).toBe('Zo%C3%AB')
    expect(keys()[0]).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('whose answer is lost is made again under the same key', async () => {
    const broken = new Response(
      new ReadableStream({ pull: controller => controller.error(new TypeError('terminated')) }),
    )
    const { client, waits, keys } = open([gone, () => broken, () => json(200, { models: [] })])
    await client.call('models', {})
    expect(new Set(keys())).toHaveLength(1)
    expect(keys()).toHaveLength(3)
    expect(waits[0]).toBeGreaterThanOrEqual(125)
    expect(waits[0]).toBeLessThanOrEqual(250)
    expect(waits[1]).toBeGreaterThanOrEqual(250)
  })

  it('under a key of one’s own keeps it', async () => {
    const { client, keys } = open([() => json(200, {})])
    await client.call('status', {}, { idempotencyKey: 'mine' })
    expect(keys()).toEqual(['mine'])
  })

  it('that is refused throws the node’s code, message and fix, and is not made again', async () => {
    const { client } = open([() => problem(402, 'insufficient-balance', {}, { 'x-request-id': 'r1' })])
    await expect(client.call('ask', { model: 'bees', question: 'Why?' })).rejects.toMatchObject({
      name: 'TributaryError',
      code: 'insufficient-balance',
      message: 'It is insufficient-balance.',
      fix: 'Mend it.',
      retry: false,
      blame: 'person',
      facts: { status: 402, requestId: 'r1' },
    })
  })

  it('that may succeed later is made again after as long as the node says', async () => {
    const busy = () => problem(503, 'queue-full', { retry: true }, { 'retry-after': '7' })
    const { client, waits } = open([busy, () => json(200, {})])
    await client.call('status', {})
    expect(waits).toEqual([7000])
  })

  it('that would have to wait for minutes fails at once', async () => {
    const spent = () => problem(429, 'rate-limited', { retry: true }, { 'retry-after': '3600' })
    const { client, waits } = open([spent])
    await expect(client.call('status', {})).rejects.toMatchObject({
      code: 'rate-limited',
      facts: { retryAfterSeconds: 3600 },
    })
    expect(waits).toEqual([])
  })

  it('fails as node-unreachable once its attempts are used up', async () => {
    const { client, sent } = open([gone, gone], { tries: 2 })
    await expect(client.call('status', {})).rejects.toMatchObject({ code: 'node-unreachable', retry: true })
    expect(sent).toHaveLength(2)
  })

  it('is given up when nothing comes for the time allowed', async () => {
    const { client } = open([], {
      tries: 1,
      timeoutMs: 20,
      fetch: (_, { signal }) =>
        new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason))),
    })
    await expect(client.call('status', {})).rejects.toMatchObject({ code: 'node-unreachable' })
  })

  it('ends with the caller’s own reason when it is aborted, and is not made again', async () => {
    const stop = new AbortController()
    const { client, sent } = open([
      () => {
        stop.abort(new Error('enough'))
        return gone()
      },
    ])
    await expect(client.call('status', {}, { signal: stop.signal })).rejects.toThrow('enough')
    expect(sent).toHaveLength(1)
  })

  it('refused by a proxy that says nothing tells its status', async () => {
    const { client } = open([() => new Response('<h1>no</h1>', { status: 403 })])
    await expect(client.call('status', {})).rejects.toMatchObject({ code: 'http-403' })
  })
})

describe('asking', () => {
  const chunk = (content: string): string => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}`
  const tributary = {
    model: 'bees@1',
    answers: ['a1'],
    receipts: ['r1'],
    priceUnits: '50000',
    balanceUnits: '1',
  }
  const end = [`data: ${JSON.stringify({ choices: [], tributary })}`, 'data: [DONE]']
  const refusal = (status: number, error: object) => () =>
    json(status, { error }, { 'x-should-retry': 'false' })
  const asking = (answers: readonly (() => Response)[]) => {
    const heard: string[] = []
    const opened = open(answers)
    const ask = () => opened.client.ask('bees', 'What is a nuc?', { onText: text => heard.push(text) })
    return { ...opened, ask, heard }
  }

  it('tells the answer as it comes and brings what proves it', async () => {
    const { ask, heard, sent } = asking([() => events(chunk('A small '), chunk('hive.'), ...end)])
    expect(await ask()).toEqual({
      model: 'bees@1',
      question: 'What is a nuc?',
      answer: 'A small hive.',
      answerId: 'a1',
      receiptId: 'r1',
      priceUnits: '50000',
      balanceUnits: '1',
      salt: null,
    })
    expect(heard).toEqual(['A small ', 'hive.'])
    expect(JSON.parse(String(sent[0]!.init.body))).toMatchObject({ stream: true, model: 'bees' })
  })

  it('goes on after a broken stream under the same key, and says nothing twice', async () => {
    const { ask, heard, keys } = asking([
      () => events(chunk('A small ')),
      () => events(chunk('A sm'), chunk('all hive.'), ...end),
    ])
    expect((await ask()).answer).toBe('A small hive.')
    expect(heard).toEqual(['A small ', 'hive.'])
    expect(new Set(keys()).size).toBe(1)
  })

  it('begins anew, under another key, once the node has given the price back', async () => {
    const refunded = refusal(409, { code: 'answer_refunded', message: 'It was given back. Ask it again.' })
    const { ask, heard, keys } = asking([
      () => events(chunk('A small ')),
      refunded,
      () => events(chunk('A small hive.'), ...end),
    ])
    expect((await ask()).answer).toBe('A small hive.')
    expect(heard.join('')).toBe('A small hive.')
    expect(new Set(keys()).size).toBe(2)
  })

  it('never mixes two answers', async () => {
    const { ask } = asking([() => events(chunk('A small ')), () => events(chunk('Something else.'), ...end)])
    await expect(ask()).rejects.toMatchObject({ code: 'answer-changed' })
  })

  it('that is refused throws the network’s codes, not OpenAI’s', async () => {
    const error = { code: 'model_not_found', message: 'No model "x" has been released. Look at the list.' }
    await expect(asking([refusal(404, error)]).ask()).rejects.toMatchObject({
      code: 'model-unknown',
      message: 'No model "x" has been released.',
      fix: 'Look at the list.',
    })
    const late = `data: ${JSON.stringify({ error: { code: 'engine_out', message: 'It is out.' } })}`
    await expect(asking([() => events(chunk('A'), late)]).ask()).rejects.toMatchObject({ code: 'engine-out' })
  })
})

describe('following the ledger', () => {
  it('goes on where a lost connection ended, without a gap or a repetition', async () => {
    const event = (seq: number) => `id: ${seq}\r\nevent: ledger\r\ndata: {"seq":"${seq}"}`
    const { client, sent } = open([() => events(event(4), ': beat', event(5)), gone, () => events(event(6))])
    const seen: string[] = []
    for await (const { seq } of client.events({ after: 3 })) if (seen.push(seq) === 3) break
    expect(seen).toEqual(['4', '5', '6'])
    expect(sent.map(({ headers }) => headers.get('last-event-id'))).toEqual(['3', '5', '5'])
  })
})
