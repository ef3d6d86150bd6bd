import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { embed, generateText, streamText } from 'ai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { echo } from '../testing/scripted-engine.ts'
import { openStage, type Stage } from '../testing/stage.ts'

let stage: Stage
let apiKey: string
let baseURL: string
beforeAll(async () => {
  stage = await openStage()
  apiKey = await stage.key()
  baseURL = `${stage.url}v1`
})
afterAll(() => stage.close())
beforeEach(() => {
  stage.script = echo
})

describe('LangChain', () => {
  const chat = () =>
    new ChatOpenAI({ model: 'bees', apiKey, configuration: { baseURL }, maxRetries: 0, temperature: 0 })

  it('invokes and streams', async () => {
    const said = await chat().invoke([
      ['system', 'Be brief.'],
      ['human', 'What is a nuc?'],
    ])
    expect(said.content).toBe('You asked: What is a nuc?')
    expect(said.usage_metadata).toMatchObject({ output_tokens: 6 })
    let text = ''
    for await (const chunk of await chat().stream('a b c')) text += chunk.content
    expect(text).toBe('You asked: a b c')
  })

  it('gets structured output, by a schema and by a function', async () => {
    const size = z.object({ frames: z.number() })
    stage.script = ({ constraint }) => {
      const schema = constraint?.kind === 'json-schema' ? JSON.stringify(constraint.schema) : ''
      return schema.includes('"arguments"')
        ? '{"name": "extract", "arguments": {"frames": 5}}'
        : '{"frames": 5}'
    }
    for (const method of ['jsonSchema', 'functionCalling'] as const) {
      const structured = chat().withStructuredOutput(size, { method })
      expect(await structured.invoke('How many frames?'), method).toEqual({ frames: 5 })
    }
  })

  it('embeds', async () => {
    const embeddings = new OpenAIEmbeddings({ model: 'base', apiKey, configuration: { baseURL } })
    const [first, second] = await embeddings.embedDocuments(['a hive', 'a nuc'])
    expect(await embeddings.embedQuery('a hive')).toEqual(first)
    expect(second).toHaveLength(first?.length ?? 0)
  })
})

describe('the Vercel AI SDK', () => {
  const provider = () => createOpenAICompatible({ name: 'tributary', baseURL, apiKey, includeUsage: true })

  it('generates, streams and embeds', async () => {
    const model = provider()('bees')
    const { text, usage, finishReason } = await generateText({ model, prompt: 'What is a nuc?' })
    expect([text, usage.outputTokens, finishReason]).toEqual(['You asked: What is a nuc?', 6, 'stop'])
    const stream = streamText({ model, prompt: 'a b c' })
    let streamed = ''
    for await (const part of stream.textStream) streamed += part
    expect(streamed).toBe('You asked: a b c')
    expect((await stream.usage).outputTokens).toBe(5)
    const { embedding } = await embed({ model: provider().embeddingModel('base'), value: 'a hive' })
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5)
  })
})
