import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { balance } from '../../../infra/money.ts'
import { ids } from '../../testing/small-network.ts'
import { echo } from '../testing/scripted-engine.ts'
import { openStage, type Stage } from '../testing/stage.ts'

const price = 50_000n
let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await openStage()
  client = new OpenAI({ baseURL: `${stage.url}v1`, apiKey: await stage.key(), maxRetries: 0 })
})
afterAll(() => stage.close())
beforeEach(() => {
  stage.script = echo
})

const held = () => balance(stage.network.db, `balance:${ids.ann}`)
const ask = (content: string) => [{ role: 'user' as const, content }]
type Own = { receipts: string[]; answers: string[]; model: string; priceUnits: string; balanceUnits: string }
const ownOf = (said: object): Own => Reflect.get(said, 'tributary') as Own

describe('chat completions with the openai client', () => {
  it('answer for the price of one question, with the receipt in a header, in the usage and in the body', async () => {
    const before = await held()
    const { data, response } = await client.chat.completions
      .create({ model: 'bees', messages: ask('What is a nuc?') })
      .withResponse()
    expect(data.object).toBe('chat.completion')
    expect(data.model).toBe('bees@1')
    expect(data.choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: 'You asked: What is a nuc?', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ])
    expect(data.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 })
    const [receipt] = ownOf(data).receipts
    expect(response.headers.get('x-tributary-receipt')).toBe(receipt)
    expect(Reflect.get(data.usage ?? {}, 'receipt')).toBe(receipt)
    expect(ownOf(data)).toMatchObject({
      model: 'bees@1',
      priceUnits: '50000',
      balanceUnits: `${before - price}`,
    })
    expect(await held()).toBe(before - price)
    const [kept] = await stage.network.db.query<{ kind: string; request: unknown }>(
      'select r.kind, w.request from receipts r join answers w on w.receipt_id = r.id where r.id = $1',
      [receipt],
    )
    expect(kept).toEqual({ kind: 'answer', request: null })
  })

  it('stream the role, then text, then the reason of the end, then the usage', async () => {
    const stream = await client.chat.completions
      .create({
        model: 'bees',
        messages: ask('a b'),
        stream: true,
        stream_options: { include_usage: true },
      })
      .withResponse()
    const chunks = []
    for await (const chunk of stream.data) chunks.push(chunk)
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null })
    expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe('You asked: a b')
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 6 } })
    expect(chunks.slice(0, -1).every(chunk => chunk.usage === null)).toBe(true)
    expect(ownOf(chunks.at(-2) ?? {}).receipts).toEqual([stream.response.headers.get('x-tributary-receipt')])
  })

  it('give n choices as n answers with n receipts and n prices', async () => {
    const before = await held()
    const { data, response } = await client.chat.completions
      .create({ model: 'bees', messages: ask('n'), n: 3, seed: 7 })
      .withResponse()
    expect(data.choices.map(({ index }) => index)).toEqual([0, 1, 2])
    const { receipts, priceUnits } = ownOf(data)
    expect(new Set(receipts).size).toBe(3)
    expect(response.headers.get('x-tributary-receipt')).toBe(receipts.join(','))
    expect(priceUnits).toBe('150000')
    expect(data.usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 9 })
    expect(await held()).toBe(before - 3n * price)
  })

  it('pass on the conversation and every way of sampling', async () => {
    const seen: unknown[] = []
    stage.script = request => {
      seen.push(request)
      return 'one two three STOP four'
    }
    const said = await client.chat.completions.create({
      model: 'bees@latest',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'What is a nuc?' },
      ],
      temperature: 0.5,
      top_p: 0.9,
      seed: 42,
      max_completion_tokens: 2,
      stop: 'STOP',
      logit_bias: { '7': -100 },
      frequency_penalty: 0.5,
      presence_penalty: 0.25,
      user: 'someone',
    })
    expect(said.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'one two ' } })
    expect(seen[0]).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'What is a nuc?' },
      ],
      temperature: 0.5,
      topP: 0.9,
      seed: 42,
      maxTokens: 2,
      stop: ['STOP'],
      logitBias: new Map([[7, -100]]),
      frequencyPenalty: 0.5,
      presencePenalty: 0.25,
      repetitionPenalty: 1,
    })
    const [kept] = await stage.network.db.query<{ question: string; request: unknown; body: string }>(
      `select w.question, w.request, r.body::text as body from answers w join receipts r on r.id = w.receipt_id where w.id = $1`,
      [ownOf(said).answers[0]],
    )
    expect(kept?.question).toBe('What is a nuc?')
    expect(kept?.request).toMatchObject({ seed: 42, user: 'someone', earlier: [{ role: 'system' }, {}, {}] })
    expect(JSON.parse(kept?.body ?? '')).toHaveProperty('body.requestHash')
  })

  it('tell log-probabilities, in a stream before the end', async () => {
    const asked = { model: 'bees', messages: ask('x'), logprobs: true, top_logprobs: 1 }
    const said = await client.chat.completions.create(asked)
    const rated = said.choices[0]?.logprobs?.content ?? []
    expect(rated.map(({ token }) => token).join('')).toBe('You asked: x')
    expect(rated[0]).toEqual({
      token: 'You ',
      logprob: -0.5,
      bytes: [...Buffer.from('You ')],
      top_logprobs: [{ token: 'You ', logprob: -0.5, bytes: [...Buffer.from('You ')] }],
    })
    const stream = client.chat.completions.stream({ ...asked, stream: true })
    const final = await stream.finalChatCompletion()
    expect(final.choices[0]?.logprobs?.content).toEqual(rated)
  })

  it('write JSON under a schema', async () => {
    let asked: unknown
    stage.script = ({ constraint }) => {
      asked = constraint
      return '{"size": 5}'
    }
    const schema = { type: 'object', properties: { size: { type: 'integer' } }, required: ['size'] }
    const said = await client.chat.completions.parse({
      model: 'bees',
      messages: ask('How big?'),
      response_format: { type: 'json_schema', json_schema: { name: 'size', strict: true, schema } },
    })
    expect(asked).toEqual({ kind: 'json-schema', schema })
    expect(JSON.parse(said.choices[0]?.message.content ?? '')).toEqual({ size: 5 })
    await client.chat.completions.create({
      model: 'bees',
      messages: ask('JSON?'),
      response_format: { type: 'json_object' },
    })
    expect(asked).toEqual({ kind: 'json' })
  })

  const tools = [
    {
      type: 'function' as const,
      function: {
        name: 'weigh',
        description: 'Weighs a hive.',
        parameters: {
          type: 'object',
          properties: { hive: { $ref: '#/$defs/hive' } },
          $defs: { hive: { type: 'string' } },
        },
      },
    },
    { type: 'function' as const, function: { name: 'open' } },
  ]

  it('call a function that has to be called, and hear what it returned', async () => {
    let constraint: unknown
    let heard: readonly { content: string }[] = []
    stage.script = request => {
      constraint = request.constraint
      heard = request.messages
      return '{"name": "weigh", "arguments": {"hive": "third"}}'
    }
    const said = await client.chat.completions.create({
      model: 'bees',
      messages: ask('Weigh it.'),
      tools,
      tool_choice: 'required',
    })
    expect(constraint).toMatchObject({
      kind: 'json-schema',
      schema: {
        anyOf: [
          {
            properties: {
              name: { const: 'weigh' },
              arguments: { properties: { hive: { $ref: '#/$defs/f0_hive' } } },
            },
          },
          { properties: { name: { const: 'open' } } },
        ],
        $defs: { f0_hive: { type: 'string' } },
      },
    })
    const [choice] = said.choices
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    const [called] = choice?.message.tool_calls ?? []
    expect(called).toMatchObject({
      type: 'function',
      function: { name: 'weigh', arguments: '{"hive":"third"}' },
    })
    const streamed = client.chat.completions.stream({
      model: 'bees',
      messages: ask('Weigh it.'),
      tools,
      tool_choice: { type: 'function', function: { name: 'weigh' } },
    })
    const final = await streamed.finalChatCompletion()
    expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'weigh', arguments: '{"hive":"third"}' },
    })
    await client.chat.completions.create({
      model: 'bees',
      messages: [
        ...ask('Weigh it.'),
        { role: 'assistant', content: null, tool_calls: choice?.message.tool_calls ?? [] },
        { role: 'tool', tool_call_id: called?.id ?? '', content: '31 kg' },
      ],
    })
    expect(heard.map(({ content }) => content)).toEqual([
      'Weigh it.',
      '{"name": "weigh", "arguments": {"hive":"third"}}',
      'weigh returned: 31 kg',
    ])
  })

  it('refuse to let the model choose whether to call, and say what to do', async () => {
    await expect(
      client.chat.completions.create({ model: 'bees', messages: ask('Weigh it.'), tools }),
    ).rejects.toMatchObject({ status: 400, param: 'tool_choice', code: 'unsupported_parameter' })
  })

  it('return the same text under the same idempotency key, also as a stream, and cost once', async () => {
    const before = await held()
    const asked = { model: 'bees', messages: ask('Twice?') }
    const first = await client.chat.completions.create(asked, { headers: { 'idempotency-key': 'twice' } })
    stage.script = () => 'Something else.'
    const again = await client.chat.completions.create(asked, { headers: { 'idempotency-key': 'twice' } })
    expect(again.choices).toEqual(first.choices)
    expect(ownOf(again).receipts).toEqual(ownOf(first).receipts)
    const streamed = client.chat.completions.stream(asked, { headers: { 'idempotency-key': 'twice' } })
    expect((await streamed.finalChatCompletion()).choices[0]?.message.content).toBe('You asked: Twice?')
    expect(await held()).toBe(before - price)
  })

  it('take aliases, which never shadow a model', async () => {
    await stage.network.db.query(
      `insert into model_aliases (alias, model, set_at) values ('gpt-4o-mini', 'bees', now()), ('old/bees', 'bees@1', now())`,
    )
    for (const model of ['gpt-4o-mini', 'gpt-4o-mini@1', 'OLD/bees', 'bees@1'])
      expect((await client.chat.completions.create({ model, messages: ask('x') })).model).toBe('bees@1')
    await expect(
      client.chat.completions.create({ model: 'old/bees@2', messages: ask('x') }),
    ).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
  })
})
