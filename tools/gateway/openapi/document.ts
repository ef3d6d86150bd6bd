import type { Verb } from '../../registry.ts'
import { verbPaths } from './operations.ts'
import { responses, schemas } from './problems.ts'
import { otherPaths } from './routes.ts'
import type { JsonSchema } from './schema.ts'

const text: JsonSchema = { type: 'string' }

const signed = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(name => ({
  name,
  in: 'header',
  required: true,
  schema: text,
}))

/** The body of a webhook: what happened, without what anybody wrote. */
export const eventSchema: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string', description: 'The kind of event, such as model.released.' },
    timestamp: { type: 'string', format: 'date-time' },
    data: {
      type: 'object',
      properties: {
        seq: { type: 'string', pattern: '^[1-9][0-9]*$', description: 'The number of the event.' },
        kind: text,
        subject: { type: 'string', description: 'The id of what it is about.' },
        at: { type: 'string', format: 'date-time' },
        hash: { type: 'string', description: 'Of the event, in the chain of hashes.' },
      },
      required: ['seq', 'kind', 'subject', 'at', 'hash'],
      additionalProperties: false,
    },
  },
  required: ['type', 'timestamp', 'data'],
  additionalProperties: false,
}

const webhooks = {
  event: {
    post: {
      operationId: 'webhook-event',
      summary: 'An event of the ledger, sent to who subscribed.',
      description:
        'Signed as Standard Webhooks has it, with the secret that "subscribe" returned once. In order for each subscription, at least once: webhook-id is the same on every try. Tried for a day, later each time; 410 ends the subscription.',
      tags: ['webhooks'],
      parameters: signed,
      requestBody: { required: true, content: { 'application/json': { schema: eventSchema } } },
      responses: {
        '2XX': { description: 'It arrived.' },
        '410': { description: 'Nothing more is wanted.' },
        default: { description: 'It is tried again.' },
      },
    },
  },
}

const tags = [
  { name: 'reading', description: 'Verbs that change nothing.' },
  { name: 'acting', description: 'Verbs that change something.' },
  { name: 'streams', description: 'Server-sent events.' },
  { name: 'webhooks', description: 'What is sent to who subscribed.' },
  { name: 'openai', description: 'OpenAI’s API over the released models.' },
  { name: 'agents of others', description: 'Protocols of other people’s agents.' },
  { name: 'agents', description: 'Verbs of the node’s own agents: no key may call them.' },
]

/** The OpenAPI 3.1 document of a node: every verb as a route, with what else programs reach. `url` is the node's. */
export const openapiDocument = (verbs: readonly Verb[], url: string): Record<string, unknown> => ({
  openapi: '3.1.0',
  jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
  info: {
    title: 'Tributary',
    version: '1',
    summary: 'Models that pay the people who made them.',
    description:
      'Every act of the network is a verb: POST /api/verbs/NAME with its input as JSON, and GET for those that read. Amounts are decimal strings: "tokens" as people write them, "...Units" in the smallest unit (10^-6).',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url }],
  tags,
  paths: { ...verbPaths(verbs), ...otherPaths },
  webhooks,
  components: {
    schemas,
    responses,
    parameters: {
      IdempotencyKey: {
        name: 'idempotency-key',
        in: 'header',
        required: false,
        description:
          'A name of yours for this call. The same one with the same input returns the first call’s result and changes nothing.',
        schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
      },
    },
    securitySchemes: {
      key: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'trib_ID_SECRET',
        description: 'An API key with the scope named at the operation: ask, read, write, money or vote.',
      },
    },
  },
})
