import { refusals } from './problems.ts'
import type { JsonSchema } from './schema.ts'

const key = (scope: string) => [{ key: [scope] }]
const anybody = [{}, { key: ['read'] }]
const free: JsonSchema = { type: 'object', additionalProperties: true }
const path = (name: string, description: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
})
const query = (name: string, description: string, schema: JsonSchema = { type: 'string' }) => ({
  name,
  in: 'query',
  required: false,
  description,
  schema,
})
const lastEventId = {
  name: 'last-event-id',
  in: 'header',
  required: false,
  description: 'The id of the last event that was seen; browsers send it when they come back.',
  schema: { type: 'string' },
}
const json = (description: string, schema: JsonSchema = free) => ({
  description,
  content: { 'application/json': { schema } },
})
const stream = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: { type: 'string' } } },
})

const streams = {
  '/api/events/stream': {
    get: {
      operationId: 'stream-events',
      summary: 'Follow the public ledger as it grows.',
      description:
        'Each event has the kind as its name, its number as id, and as data {seq, at, kind, actor, subject, hash}. Without a place to start after, from now on.',
      tags: ['streams'],
      security: anybody,
      parameters: [
        query('kind', 'only events of this kind'),
        query('subject', 'only events about this id'),
        query('after', 'start after the event of this number', { type: 'integer', minimum: 0 }),
        lastEventId,
      ],
      responses: { '200': stream('Server-sent events, without an end.'), ...refusals() },
    },
  },
  '/api/runs/{run}/stream': {
    get: {
      operationId: 'stream-run',
      summary: 'Follow a training run until it ends.',
      description:
        'Events "progress" (id: the newest step) and at last "end" (id: end); the data is what the verb run answers, with the new points of the loss curve.',
      tags: ['streams'],
      security: anybody,
      parameters: [
        path('run', 'the id of a run, or a model for its newest one'),
        query('after', 'leave out the loss curve up to this step', { type: 'integer', minimum: 0 }),
        lastEventId,
      ],
      responses: {
        '200': stream('Server-sent events until the run has ended.'),
        '204': { description: 'The end was seen: do not come back.' },
        ...refusals(),
      },
    },
  },
}

/** A route of OpenAI's API: what it takes and answers is told by OpenAI's own document; errors come in OpenAI's shape. */
const likeOpenai = (operationId: string, summary: string, required: readonly string[]) => ({
  post: {
    operationId,
    summary,
    description: 'As in OpenAI’s API, errors too.',
    tags: ['openai'],
    security: [{}, ...key('ask')],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { ...free, required: [...required] } } },
    },
    responses: {
      '200': {
        description: 'The answer, or its parts where "stream" is true.',
        content: {
          'application/json': { schema: free },
          'text/event-stream': { schema: { type: 'string' } },
        },
      },
      default: json(
        'What went wrong, in OpenAI’s shape; 402 with the terms of x402 where nobody is known who pays.',
      ),
    },
  },
})

const openai = {
  '/v1/models': {
    get: {
      operationId: 'openai-models',
      summary: 'List the released models as OpenAI does.',
      tags: ['openai'],
      security: anybody,
      responses: { '200': json('The models.'), default: json('What went wrong, in OpenAI’s shape.') },
    },
  },
  '/v1/models/{model}': {
    get: {
      operationId: 'openai-model',
      summary: 'Show a released model as OpenAI does.',
      tags: ['openai'],
      security: anybody,
      parameters: [path('model', 'name, name@version, name@latest, or an alias')],
      responses: { '200': json('The model.'), default: json('What went wrong, in OpenAI’s shape.') },
    },
  },
  '/v1/chat/completions': likeOpenai('openai-chat-completions', 'Ask a model by messages.', [
    'model',
    'messages',
  ]),
  '/v1/completions': likeOpenai('openai-completions', 'Have a model continue a text.', ['model', 'prompt']),
  '/v1/embeddings': likeOpenai('openai-embeddings', 'Turn texts into vectors.', ['model', 'input']),
  '/v1/responses': likeOpenai('openai-responses', 'Ask a model as OpenAI’s responses do.', [
    'model',
    'input',
  ]),
}

const agents = {
  '/mcp': {
    post: {
      operationId: 'mcp',
      summary: 'Every permitted verb as a tool, by the Model Context Protocol.',
      tags: ['agents of others'],
      security: anybody,
      externalDocs: { url: 'https://modelcontextprotocol.io' },
      requestBody: { required: true, content: { 'application/json': { schema: free } } },
      responses: {
        '200': {
          description: 'JSON-RPC.',
          content: {
            'application/json': { schema: free },
            'text/event-stream': { schema: { type: 'string' } },
          },
        },
        default: json('What went wrong.'),
      },
    },
  },
  '/a2a': {
    get: {
      operationId: 'a2a-agents',
      summary: 'List the agents that speak A2A: one for each role and each released model.',
      tags: ['agents of others'],
      security: anybody,
      externalDocs: { url: 'https://a2a-protocol.org' },
      responses: {
        '200': json('The agents with the addresses of their cards.'),
        default: json('What went wrong.'),
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'This document.',
      tags: ['reading'],
      security: [{}],
      responses: { '200': json('OpenAPI 3.1.') },
    },
  },
}

/** What is reached beside the verbs. */
export const otherPaths: Readonly<Record<string, object>> = { ...streams, ...openai, ...agents }
