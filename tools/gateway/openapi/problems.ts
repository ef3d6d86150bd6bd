import type { JsonSchema } from './schema.ts'

/** RFC 9457, with what a program branches on. */
const problem: JsonSchema = {
  type: 'object',
  description: 'What went wrong and what to do about it (RFC 9457).',
  properties: {
    type: { type: 'string', description: 'urn:tributary:fault: and the code.' },
    title: { type: 'string', description: 'One sentence naming the thing.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What to do about it.' },
    instance: { type: 'string', description: 'urn:tributary:request: and the value of x-request-id.' },
    code: { type: 'string', description: 'Stable.' },
    retry: { type: 'boolean', description: 'Whether the same request may succeed later.' },
  },
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'retry'],
}

const paymentRequired: JsonSchema = {
  type: 'object',
  description: 'The terms of a payment by x402 version 2; the header payment-required holds them in Base64.',
  properties: {
    x402Version: { const: 2 },
    error: { type: 'string' },
    resource: { type: 'object' },
    accepts: { type: 'array', items: { type: 'object' } },
  },
  required: ['x402Version', 'accepts'],
}

export const schemas = { Problem: problem, PaymentRequired: paymentRequired } as const

const asProblem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
const text: JsonSchema = { type: 'string' }
const retryAfter = { 'retry-after': { description: 'Seconds to wait.', schema: { type: 'string' } } }

const refusal = (description: string, headers?: object) => ({
  description,
  ...(headers === undefined ? {} : { headers }),
  content: asProblem,
})

/** Refusals by the name that operations refer to them by. */
export const responses = {
  Unauthorized: refusal('No key, or one that does not hold.', {
    'www-authenticate': { description: 'Bearer.', schema: text },
  }),
  PaymentRequired: {
    description: 'Too little is prepaid; or nobody is known who pays, and these are the terms.',
    headers: { 'payment-required': { description: 'The terms in Base64.', schema: text } },
    content: {
      ...asProblem,
      'application/json': { schema: { $ref: '#/components/schemas/PaymentRequired' } },
    },
  },
  InputInvalid: refusal('The input is not what the schema says; the title names the fields.'),
  TooMany: refusal('Too many requests, or the budget of the key is spent.', retryAfter),
  Refused: refusal('The request cannot be carried out; the code tells why.'),
  Failed: refusal('It failed on our side; with retry-after it may succeed later.', retryAfter),
} as const

const refTo = (name: keyof typeof responses) => ({ $ref: `#/components/responses/${name}` })

/** The refusals of an operation; `sold` where it can be paid for as it is asked. */
export const refusals = (sold = false): Record<string, { $ref: string }> => ({
  '401': refTo('Unauthorized'),
  ...(sold ? { '402': refTo('PaymentRequired') } : {}),
  '422': refTo('InputInvalid'),
  '429': refTo('TooMany'),
  '4XX': refTo('Refused'),
  '5XX': refTo('Failed'),
})
