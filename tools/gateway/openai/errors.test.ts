import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fault } from '../../../infra/errors.ts'
import { balance } from '../../../infra/money.ts'
import { ids } from '../../testing/small-network.ts'
import { echo } from '../testing/scripted-engine.ts'
import { openStage, type Stage } from '../testing/stage.ts'

let stage: Stage
let client: OpenAI
const clientOf = (apiKey: string) => new OpenAI({ baseURL: `${stage.url}v1`, apiKey, maxRetries: 0 })
beforeAll(async () => {
  stage = await openStage()
  client = clientOf(await stage.key())
})
afterAll(() => stage.close())
beforeEach(() => {
  stage.script = echo
})

const held = () => balance(stage.network.db, `balance:${ids.ann}`)
const question = { model: 'bees', messages: [{ role: 'user' as const, content: 'What is a nuc?' }] }
const ask = (more: object = {}, from = client) => from.chat.completions.create({ ...question, ...more })

describe('what is refused under /v1', () => {
  it('comes as the class of the openai client that stands for it', async () => {
    const poor = clientOf(await stage.key({ accountId: ids.bob }))
    const reader = clientOf(await stage.key({ scopes: ['read'] }))
    const {
      APIError,
      AuthenticationError,
      BadRequestError,
      ConflictError,
      NotFoundError,
      PermissionDeniedError,
    } = OpenAI
    const cases = [
      [() => ask({}, clientOf('trib_none_none')), AuthenticationError, 401, 'invalid_api_key'],
      [() => ask({}, reader), PermissionDeniedError, 403, 'scope_missing'],
      [() => ask({ model: 'hornets' }), NotFoundError, 404, 'model_not_found'],
      [() => client.models.retrieve('hornets'), NotFoundError, 404, 'model_not_found'],
      [() => client.files.list(), NotFoundError, 404, 'route_unknown'],
      [() => ask({}, poor), APIError, 402, 'insufficient_quota'],
      [() => ask({ temperature: 3 }), BadRequestError, 400, 'invalid_value'],
    ] as const
    for (const [work, kind, status, code] of cases) {
      const error = await work().then(
        () => undefined,
        (refused: unknown) => refused,
      )
      expect(error, code).toBeInstanceOf(kind)
      expect(error, code).toMatchObject({ status, code })
    }
    await ask({}, client).then(() =>
      client.chat.completions.create(question, { headers: { 'idempotency-key': 'one' } }),
    )
    await expect(
      client.chat.completions.create({ ...question, seed: 1 }, { headers: { 'idempotency-key': 'one' } }),
    ).rejects.toBeInstanceOf(ConflictError)
  })

  it('is a rate limit where the key may not ask more often, and says when to come back', async () => {
    const slow = clientOf(await stage.key({ ratePerMinute: 1 }))
    await ask({}, slow)
    const error = await ask({}, slow).catch((refused: unknown) => refused)
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
    expect(
      Number((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')),
    ).toBeGreaterThan(0)
  })

  it('names the parameter that is wrong or not served', async () => {
    await expect(ask({ messages: [{ role: 'user', content: 5 }] })).rejects.toMatchObject({
      param: 'messages[0].content',
    })
    await expect(ask({ functions: [{ name: 'x' }] })).rejects.toMatchObject({
      param: 'functions',
      code: 'unsupported_parameter',
    })
    await expect(
      client.responses.create({ model: 'bees', input: 'x', previous_response_id: 'resp_1' }),
    ).rejects.toMatchObject({ param: 'previous_response_id', code: 'unsupported_parameter' })
    const overlooked = {
      metadata: { a: 'b' },
      store: true,
      service_tier: 'auto',
      parallel_tool_calls: true,
      made_up: 1,
    }
    expect((await ask(overlooked)).choices).toHaveLength(1)
  })

  it('is a bad request where the body is no JSON, has a NUL or holds no question', async () => {
    const key = await stage.key()
    const send = (body: string) =>
      fetch(`${stage.url}v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body,
      })
    for (const body of [
      '{',
      '[]',
      JSON.stringify({ model: 'bees', messages: [{ role: 'user', content: 'a\0b' }] }),
      JSON.stringify({ model: 'bees', messages: [{ role: 'system', content: 'a' }] }),
      `{"model":"bees","messages":[{"role":"user","content":"x"}],"tools":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      JSON.stringify({ model: 'bees', messages: [{ role: 'user', content: 'a'.repeat(1_001) }] }),
      JSON.stringify({
        model: 'bees',
        messages: [{ role: 'assistant', content: 'x', tool_calls: Array(300_000).fill(1) }],
      }),
    ]) {
      const answer = await send(body)
      expect(answer.status, body.slice(0, 60)).toBe(400)
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
    }
  })

  it('tells who has no key how to pay', async () => {
    const status = async () => ({ chainId: 1, time: 0n, addresses: { token: '0x1', treasury: '0x2' } })
    Object.assign(stage.network.chain, { status, tokenDomain: {} })
    const answer = await fetch(`${stage.url}v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
    })
    expect(answer.status).toBe(402)
    expect(answer.headers.get('payment-required')).not.toBeNull()
    expect(await answer.json()).toMatchObject({
      accepts: [{ amount: '50000' }],
      error: { message: expect.any(String), code: 'payment_required', type: 'insufficient_quota' },
    })
    const embedding = await fetch(`${stage.url}v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'base', input: 'x' }),
    })
    expect(embedding.status).toBe(401)
  })

  it('is an incident without detail where it is our doing, and the price comes back', async () => {
    const before = await held()
    stage.script = () => {
      throw new Error('secret of the node')
    }
    for (const stream of [false, true]) {
      const error = await ask({ stream }).catch((refused: unknown) => refused)
      expect(error).toBeInstanceOf(OpenAI.InternalServerError)
      expect(String(error)).not.toContain('secret')
      expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('x-tributary-receipt')).toBeNull()
    }
    expect(await held()).toBe(before)
  })

  it('costs nothing where a conversation is too long', async () => {
    const before = await held()
    const long = Array.from({ length: 3 }, () => ({ role: 'system', content: 'word '.repeat(900) }))
    await expect(ask({ messages: [...long, ...question.messages] })).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    })
    expect(await held()).toBe(before)
  })

  it('leaves out the choices that failed, which cost nothing', async () => {
    const before = await held()
    let asked = 0
    stage.script = () => {
      if (++asked === 2) throw fault('queue-full', 'Full.', { fix: 'Wait.', retry: true })
      return 'Here.'
    }
    const { data: said, response } = await client.chat.completions
      .create({ ...question, n: 3 })
      .withResponse()
    expect(said.choices).toHaveLength(2)
    expect(response.headers.get('x-tributary-receipt')?.split(',')).toHaveLength(2)
    expect(await held()).toBe(before - 100_000n)
  })
})

describe('a client that leaves', () => {
  const countOf = async (state: string) => {
    const [row] = await stage.network.db.query<{ count: number }>(
      'select count(*)::int as count from answers where state = $1',
      [state],
    )
    return row?.count ?? 0
  }
  const until = async (state: string, count: number) => {
    while ((await countOf(state)) < count) await new Promise(resolve => setImmediate(resolve))
  }

  it('before the first word gets the price back', async () => {
    const [before, known] = [await held(), await countOf('refunded')]
    const open = await stage.network.db.query('select key from open_calls order by key')
    const leaving = new AbortController()
    stage.script = ({ signal }) => {
      leaving.abort()
      return new Promise(resolve => signal?.addEventListener('abort', () => resolve('too late')))
    }
    await expect(client.chat.completions.create(question, { signal: leaving.signal })).rejects.toBeInstanceOf(
      OpenAI.APIUserAbortError,
    )
    await until('refunded', known + 1)
    expect(await held()).toBe(before)
    expect(await stage.network.db.query('select key from open_calls order by key')).toEqual(open)
  })

  it('after the first word has paid, and finds the whole answer under its key', async () => {
    const [before, known] = [await held(), await countOf('answered')]
    stage.script = () => 'word '.repeat(50)
    const options = { headers: { 'idempotency-key': 'left-early' } }
    const stream = await client.chat.completions.create({ ...question, stream: true }, options)
    for await (const _ of stream) break
    await until('answered', known + 1)
    stage.script = () => 'another answer'
    const whole = await client.chat.completions.create(question, options)
    expect(whole.choices[0]?.message.content).toBe('word '.repeat(50))
    expect(await held()).toBe(before - 50_000n)
  })
})
