import fc from 'fast-check'
import { oddValue } from './from-schema.ts'

type Any<T> = fc.Arbitrary<T>

const latin = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map(code => String.fromCharCode(code)),
  maxLength: 40,
})
/** Headers that do not belong there, or hold what they should not. */
export const oddHeaders: Any<Record<string, string>> = fc
  .array(
    fc.oneof(
      fc.tuple(
        fc.constantFrom(
          'accept',
          'accept-language',
          'content-type',
          'content-encoding',
          'idempotency-key',
          'last-event-id',
          'mcp-session-id',
          'mcp-protocol-version',
          'mcp-method',
          'a2a-version',
          'payment-signature',
          'traceparent',
          'tributary-user',
          'x-forwarded-for',
          'x-request-id',
          'range',
          'if-none-match',
        ),
        latin,
      ),
      fc.constantFrom<[string, string]>(
        ['authorization', 'Bearer trib_aaaaaaaaaaaa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
        ['authorization', 'Bearer trib_local_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
        ['authorization', 'Basic YTpi'],
        ['host', 'rebind.example'],
        ['origin', 'https://elsewhere.example'],
        ['content-type', 'application/json; charset=utf-16'],
        ['content-type', 'multipart/form-data; boundary=x'],
        ['content-type', 'application/x-www-form-urlencoded'],
        ['accept', 'text/event-stream'],
        ['accept', 'image/png;q=0'],
        ['payment-signature', 'e30='],
        ['mcp-protocol-version', '2026-07-28'],
        ['a2a-version', '0.3'],
        ['idempotency-key', 'the same for everybody'],
        ['idempotency-key', 'same-for-everybody'],
      ),
    ),
    { maxLength: 2 },
  )
  .map(pairs => Object.fromEntries(pairs))

const deep = (levels: number): string => `${'{"a":['.repeat(levels)}1${']}'.repeat(levels)}`
/** Bodies that are no input at all. */
export const oddBody: Any<string> = fc.oneof(
  oddValue.map(value => JSON.stringify(value)),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{',
    '{}',
    '\ufeff{}',
    '{"a":1}{"b":2}',
    '{"model":"bees","model":"wasps","question":"What?"}',
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{}}}',
    '{"limit":1e999}',
    '{"seq":0.1e1}',
    deep(40),
    deep(20_000),
    `"${'x'.repeat(200_000)}"`,
    `[${'0,'.repeat(50_000)}0]`,
  ),
)

const fieldsOf = (body: Record<string, unknown>, more: Record<string, Any<unknown>>): Any<string> =>
  fc
    .tuple(
      fc.record(more, { requiredKeys: [] }),
      fc.option(fc.tuple(fc.constantFrom(...Object.keys(body)), oddValue)),
    )
    .map(([further, odd]) =>
      JSON.stringify({ ...body, ...further, ...(odd === null ? {} : { [odd[0]]: odd[1] }) }),
    )

const small = fc.oneof(fc.integer({ min: -2, max: 8 }), oddValue)
const asked = { role: 'user', content: 'What is a nuc?' }
/** Bodies of OpenAI's routes. */
export const openaiBodies: readonly (readonly [string, Any<string>])[] = [
  [
    '/v1/chat/completions',
    fieldsOf(
      { model: 'bees', messages: [asked] },
      {
        stream: fc.oneof(fc.boolean(), oddValue),
        max_tokens: small,
        n: small,
        temperature: small,
        top_p: small,
        seed: small,
        stop: fc.oneof(fc.constant('a'), oddValue),
        logprobs: fc.oneof(fc.boolean(), oddValue),
        top_logprobs: small,
        logit_bias: fc.oneof(fc.constant({ 5: 10 }), oddValue),
        response_format: fc.oneof(fc.constant({ type: 'json_object' }), oddValue),
        tools: fc.oneof(
          fc.constant([{ type: 'function', function: { name: 'f', parameters: {} } }]),
          oddValue,
        ),
        user: oddValue,
        messages: fc.oneof(
          fc.constant([asked]),
          fc.constant([asked, { role: 'assistant', content: null }, { role: 'tool', content: 'x' }, asked]),
          oddValue.map(content => [{ role: 'user', content }]),
          oddValue.map(role => [{ role, content: 'x' }]),
        ),
        model: fc.constantFrom('bees', 'bees@1', 'bees@latest', 'wasps', 'bees@99999999999'),
      },
    ),
  ],
  [
    '/v1/completions',
    fieldsOf(
      { model: 'bees', prompt: 'Bees' },
      { stream: small, suffix: oddValue, echo: oddValue, n: small, best_of: small },
    ),
  ],
  [
    '/v1/embeddings',
    fieldsOf({ model: 'bees', input: 'Bees' }, { encoding_format: oddValue, dimensions: small }),
  ],
  [
    '/v1/responses',
    fieldsOf(
      { model: 'bees', input: 'What is a nuc?' },
      {
        stream: small,
        instructions: oddValue,
        previous_response_id: oddValue,
        max_output_tokens: small,
        text: oddValue,
        tools: oddValue,
      },
    ),
  ],
]

/** JSON-RPC, at times not quite. */
export const rpc = (methods: readonly string[], params: Any<unknown>): Any<string> =>
  fc
    .record({
      jsonrpc: fc.oneof(
        { weight: 9, arbitrary: fc.constant<unknown>('2.0') },
        { weight: 1, arbitrary: oddValue },
      ),
      id: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>(1) }, { weight: 1, arbitrary: oddValue }),
      method: fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom<unknown>(...methods) },
        { weight: 1, arbitrary: oddValue },
      ),
      params: fc.oneof({ weight: 7, arbitrary: params }, { weight: 1, arbitrary: oddValue }),
    })
    .map(message => JSON.stringify(message))
