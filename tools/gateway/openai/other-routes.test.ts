import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { alias } from '../../alias.ts'
import type { Caller } from '../../context.ts'
import { call } from '../../registry.ts'
import { echo } from '../testing/scripted-engine.ts'
import { openStage, type Stage } from '../testing/stage.ts'

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

const operator: Caller = { role: 'operator', accountId: null, surface: 'test' }

describe('models', () => {
  it('are listed by name, by version and by alias, and found by each of them', async () => {
    await call(stage.network, operator, alias, { alias: 'gpt-4o-mini', model: 'bees@latest' })
    const listed = []
    for await (const model of client.models.list()) listed.push(model)
    expect(listed.map(({ id }) => id)).toEqual(['bees', 'bees@1', 'gpt-4o-mini'])
    expect(listed[0]).toMatchObject({ object: 'model', owned_by: 'Ann' })
    expect(Number.isInteger(listed[0]?.created)).toBe(true)
    for (const id of ['bees', 'bees@1', 'bees@latest', 'gpt-4o-mini'])
      expect(await client.models.retrieve(id)).toMatchObject({ id, tributary: { model: 'bees@1' } })
  })

  it('keep their own names: an alias is refused where a model has it, and hangs on a model only', async () => {
    for (const [input, code] of [
      [{ alias: 'wasps', model: 'bees' }, 'alias-taken'],
      [{ alias: 'other', model: 'gpt-4o-mini' }, 'model-unknown'],
      [{ alias: 'nobody' }, 'alias-unknown'],
    ] as const)
      await expect(call(stage.network, operator, alias, input)).rejects.toMatchObject({ code })
    await call(stage.network, operator, alias, { alias: 'gpt-4o-mini' })
    await expect(client.models.retrieve('gpt-4o-mini')).rejects.toMatchObject({ status: 404 })
  })
})

describe('completions', () => {
  it('answer each prompt n times, with its echo and its log-probabilities', async () => {
    const said = await client.completions.create({
      model: 'bees',
      prompt: ['one', 'two'],
      n: 2,
      echo: true,
      logprobs: 1,
    })
    expect(said.choices.map(({ text }) => text)).toEqual([
      'oneYou asked: one',
      'oneYou asked: one',
      'twoYou asked: two',
      'twoYou asked: two',
    ])
    expect(said.choices[3]).toMatchObject({
      index: 3,
      finish_reason: 'stop',
      logprobs: {
        tokens: ['You ', 'asked: ', 'two'],
        token_logprobs: [-0.5, -0.5, -0.5],
        top_logprobs: [{ 'You ': -0.5 }, { 'asked: ': -0.5 }, { two: -0.5 }],
        text_offset: [3, 7, 14],
      },
    })
    expect(said.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 12 })
    expect(Reflect.get(said, 'tributary')).toMatchObject({ priceUnits: '200000' })
  })

  it('stream, and read prompts of tokens', async () => {
    const prompt = stage.network.engine.encode('a token prompt')
    const stream = await client.completions.create({
      model: 'bees',
      prompt,
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = []
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe('You asked: a ')
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length')
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 3 })
  })
})

describe('a stream that is read slower than it is written', () => {
  it('joins the text that waits, and loses none of it', async () => {
    const { engine } = stage.network
    const { generate } = engine
    const words = Array.from({ length: 200 }, (_, at) => `${at} `)
    engine.generate = async (_request, onToken) => {
      for (const word of words) onToken?.(word)
      return { text: words.join(''), tokens: [], logProbs: [], top: [], promptTokens: 1, finish: 'stop' }
    }
    const stream = await client.completions.create({ model: 'bees', prompt: 'count', stream: true })
    const texts: string[] = []
    for await (const chunk of stream) texts.push(chunk.choices[0]?.text ?? '')
    engine.generate = generate
    expect(texts.join('')).toBe(words.join(''))
    expect(texts.length).toBeLessThan(20)
  })
})

describe('embeddings', () => {
  it('are the same as floats and as base64, for texts and for tokens, and cost nothing', async () => {
    const input = ['a hive', 'a nuc']
    const floats = await client.embeddings.create({ model: 'bees', input, encoding_format: 'float' })
    const packed = await client.embeddings.create({ model: 'base', input })
    expect(packed.data.map(({ index }) => index)).toEqual([0, 1])
    for (const [at, { embedding }] of packed.data.entries())
      expect(embedding).toEqual(floats.data[at]?.embedding)
    expect(Math.hypot(...(floats.data[0]?.embedding ?? []))).toBeCloseTo(1, 5)
    expect(floats.usage).toEqual({ prompt_tokens: 4, total_tokens: 4 })
    const tokens = await client.embeddings.create({
      model: 'base',
      input: stage.network.engine.encode('a hive'),
      encoding_format: 'float',
    })
    expect(tokens.data[0]?.embedding).toEqual(floats.data[0]?.embedding)
    await expect(
      client.embeddings.create({ model: 'base', input: 'x', dimensions: 3 }),
    ).rejects.toMatchObject({
      param: 'dimensions',
    })
    await expect(
      client.embeddings.create({ model: 'base', input: Array(26).fill(Array(8_000).fill(1)) }),
    ).rejects.toThrow(/200000 characters/)
    await expect(client.embeddings.create({ model: 'base', input: [999_999] })).rejects.toMatchObject({
      status: 400,
    })
  })
})

describe('responses', () => {
  it('answer a text with instructions', async () => {
    let heard: readonly object[] = []
    stage.script = request => {
      heard = request.messages
      return 'A small hive.'
    }
    const { data, response } = await client.responses
      .create({ model: 'bees', instructions: 'Be brief.', input: 'What is a nuc?', metadata: { a: 'b' } })
      .withResponse()
    expect(heard).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is a nuc?' },
    ])
    expect(data).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'bees@1',
      output_text: 'A small hive.',
      instructions: 'Be brief.',
      metadata: { a: 'b' },
      store: false,
      usage: { input_tokens: 6, output_tokens: 3, total_tokens: 9 },
    })
    expect(Reflect.get(data, 'tributary').receipts).toEqual([response.headers.get('x-tributary-receipt')])
  })

  it('stream the events of a response in their order', async () => {
    const stream = client.responses.stream({ model: 'bees', input: 'a b', max_output_tokens: 3 })
    const events = []
    for await (const event of stream) events.push(event)
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      ...events.filter(({ type }) => type === 'response.output_text.delta').map(({ type }) => type),
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ])
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()])
    const final = await stream.finalResponse()
    expect(final).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output_text: 'You asked: a ',
    })
  })

  it('call a function, hear of its result, and write under a schema', async () => {
    let seen: { messages: readonly { content: string }[]; constraint?: unknown } = { messages: [] }
    stage.script = request => {
      seen = request
      return '{"name": "weigh", "arguments": {"hive": 3}}'
    }
    const tool = { type: 'function' as const, name: 'weigh', strict: true, parameters: { type: 'object' } }
    const asked = { model: 'bees', tools: [tool], tool_choice: 'required' as const }
    const said = await client.responses.create({ ...asked, input: 'Weigh it.' })
    const [called] = said.output
    expect(called).toMatchObject({ type: 'function_call', name: 'weigh', arguments: '{"hive":3}' })
    const streamed = client.responses.stream({ ...asked, input: 'Weigh it.' })
    expect((await streamed.finalResponse()).output[0]).toMatchObject({ type: 'function_call', name: 'weigh' })
    const schema = { type: 'object', properties: {} }
    await client.responses.create({
      model: 'bees',
      input: [
        { role: 'user', content: 'Weigh it.' },
        { type: 'function_call', call_id: 'c1', name: 'weigh', arguments: '{"hive":3}' },
        { type: 'function_call_output', call_id: 'c1', output: '31 kg' },
      ],
      text: { format: { type: 'json_schema', name: 'x', schema } },
    })
    expect(seen.constraint).toEqual({ kind: 'json-schema', schema })
    expect(seen.messages.map(({ content }) => content)).toEqual([
      'Weigh it.',
      '{"name": "weigh", "arguments": {"hive":3}}',
      'weigh returned: 31 kg',
    ])
  })

  it('end in an error event where the model fails after it began', async () => {
    const { engine } = stage.network
    const { generate } = engine
    engine.generate = async (_request, onToken) => {
      onToken?.('Half ')
      throw new Error('secret')
    }
    const events: string[] = []
    const reading = async () => {
      const stream = await client.responses.create({ model: 'bees', input: 'x', stream: true })
      for await (const event of stream) events.push(event.type)
    }
    const failed = await reading().catch((error: unknown) => error)
    engine.generate = generate
    expect(events).toContain('response.output_text.delta')
    expect(events.includes('error') || failed instanceof OpenAI.APIError).toBe(true)
    expect(String(failed)).not.toContain('secret')
  })
})
