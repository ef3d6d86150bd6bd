import fc from 'fast-check'
import type { Verb } from '../../registry.ts'
import { inputSchema } from '../openapi/schema.ts'
import { nearFor, oddValue, validFor } from './from-schema.ts'
import { oddBody, oddHeaders, openaiBodies, rpc } from './fuzz-bodies.ts'

/** A request to the gateway, by one of those who may send it. */
export interface FuzzRequest {
  readonly who: 'nobody' | 'ann' | 'bob'
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

type Any<T> = fc.Arbitrary<T>

const agents = ['', '/models/bees', '/curator', '/trainer', '/attributor', '/treasurer'].map(
  path => `/a2a${path}`,
)
const mcpMethods = [
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'server/discover',
  'tasks/get',
  'logging/setLevel',
]
const a2aMethods = [
  'SendMessage',
  'SendStreamingMessage',
  'GetTask',
  'ListTasks',
  'CancelTask',
  'SubscribeToTask',
  'message/send',
]

/** What sound clients of all protocols send. */
const usual = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'a2a-version': '1.0',
}

/** Requests to every route of the gateway: sound ones, nearly sound ones, hostile ones. `foreign` are ids of the other's things. */
export const fuzzRequests = (
  verbs: readonly Verb[],
  foreign: Readonly<Record<'ann' | 'bob', readonly string[]>>,
) => {
  const inputOf = (verb: Verb): Any<unknown> =>
    fc.oneof(
      { weight: 3, arbitrary: validFor(inputSchema(verb)) },
      { weight: 4, arbitrary: nearFor(inputSchema(verb)) },
      { weight: 1, arbitrary: oddValue },
    )
  const verbBody = (who: FuzzRequest['who'], verb: Verb): Any<string> =>
    fc
      .tuple(inputOf(verb), idOf(who), fc.nat(3))
      .map(([input, id, use]) => JSON.stringify(use === 0 ? input : withIds(input, id)))
  /** Whoever sends it, ids are of what belongs to the other. */
  const idOf = (who: FuzzRequest['who']): Any<string> =>
    fc.constantFrom(
      ...(who === 'ann' ? foreign.bob : foreign.ann),
      '0197a3c0-5d1e-7c3a-9b1e-2f6d8c4a7e10',
      'bees',
      'wasps',
    )
  const anyVerb = fc.constantFrom(...verbs)
  const route = (who: FuzzRequest['who']): Any<Pick<FuzzRequest, 'method' | 'path' | 'body'>> =>
    fc.oneof(
      {
        weight: 12,
        arbitrary: anyVerb.chain(verb =>
          fc.record({
            method: fc.constant('POST'),
            path: fc.constant(`/api/verbs/${verb.name}`),
            body: verbBody(who, verb),
          }),
        ),
      },
      {
        weight: 5,
        arbitrary: anyVerb.chain(verb =>
          fc.record({
            method: fc.constantFrom('GET', 'HEAD'),
            path: fc
              .tuple(inputOf(verb), idOf(who))
              .map(([input, id]) => `/api/verbs/${verb.name}?${queryOf(withIds(input, id))}`),
          }),
        ),
      },
      {
        weight: 6,
        arbitrary: fc.oneof(
          ...openaiBodies.map(([path, body]) =>
            fc.record({ method: fc.constant('POST'), path: fc.constant(path), body }),
          ),
        ),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          method: fc.constant('POST'),
          path: fc.constant('/mcp'),
          body: rpc(
            mcpMethods,
            fc.oneof(
              anyVerb.chain(verb =>
                fc.record({
                  name: fc.constant(verb.name),
                  arguments: fc.tuple(inputOf(verb), idOf(who)).map(([input, id]) => withIds(input, id)),
                }),
              ),
              idOf(who).map(id => ({ uri: `tributary://receipts/${id}` })),
              idOf(who).map(id => ({ name: id, taskId: id, arguments: { answer: id } })),
              fc.constant({
                protocolVersion: '2025-11-25',
                capabilities: {},
                clientInfo: { name: 'fuzz', version: '1' },
              }),
            ),
          ),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          method: fc.constant('POST'),
          path: fc.constantFrom(...agents, '/a2a/nothing'),
          body: rpc(
            a2aMethods,
            fc.oneof(
              idOf(who).map(id => ({ id, name: id, taskId: id, historyLength: 5 })),
              fc.tuple(idOf(who), oddValue).map(([id, odd]) => ({
                message: {
                  messageId: 'm',
                  role: 'ROLE_USER',
                  parts: [{ text: 'What is a nuc?' }, { data: odd }],
                  taskId: id,
                },
              })),
              fc.constant({
                message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'What is a nuc?' }] },
              }),
            ),
          ),
        }),
      },
      {
        weight: 5,
        arbitrary: fc
          .tuple(
            idOf(who),
            fc.webQueryParameters(),
            fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'FOO'),
          )
          .chain(([id, query, method]) =>
            fc.record({
              method: fc.constant(method),
              path: fc.constantFrom(
                `/api/events/stream?after=0&${query}`,
                `/api/events/stream?subject=${id}`,
                `/api/runs/${id}/stream?${query}`,
                `/api/runs/${encodeURIComponent(id)}%00/stream`,
                '/api/runs/%E0%A4%A/stream',
                '/api/verbs/ask',
                '/api/verbs/%2e%2e%2fask',
                '/api/verbs/__proto__',
                '/api//verbs/status',
                '/api/verbs/status/',
                '/API/verbs/status',
                '/openapi.json',
                `/openapi.json/${id}`,
                '/v1/models',
                `/v1/models/${id}`,
                '/v1/models/bees%401',
                '/v1/models/%00',
                `/v1/responses/${id}`,
                `/v1/chat/completions/${id}`,
                '/v1/../api/verbs/account',
                '/mcp',
                '/mcp/x',
                '/a2a',
                '/a2a/models/bees/tasks?pageSize=-1',
                `/a2a/models/bees/tasks/${id}`,
                `/a2a/models/bees/tasks/${id}:cancel`,
                `/a2a/treasurer/tasks/${id}:subscribe`,
                `/a2a/models/bees/tasks/${id}/pushNotificationConfigs`,
                '/a2a/models/bees/.well-known/agent-card.json',
                '/.well-known/agent-card.json',
                '/.well-known/jwks.json',
                '/.well-known/oauth-protected-resource',
                `/.well-known/${id}`,
              ),
            }),
          ),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          method: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'),
          path: fc.oneof(
            anyVerb.map(verb => `/api/verbs/${verb.name}`),
            fc.constantFrom(
              '/v1/chat/completions',
              '/v1/embeddings',
              '/v1/responses',
              '/v1/completions',
              '/mcp',
              '/a2a',
              '/a2a/models/bees',
            ),
          ),
          body: oddBody,
        }),
      },
    )
  return fc
    .constantFrom<FuzzRequest['who']>('nobody', 'ann', 'bob', 'bob')
    .chain(who =>
      fc.record({ who: fc.constant(who), route: route(who), odd: fc.option(oddHeaders, { freq: 2 }) }),
    )
    .map(
      ({ who, route: { method, path, body }, odd }): FuzzRequest => ({
        who,
        method,
        path,
        body,
        headers: { ...usual, ...odd },
      }),
    )
}

const idNames = new Set([
  'answer',
  'submission',
  'receipt',
  'webhook',
  'proposal',
  'id',
  'run',
  'contribution',
  'model',
  'subject',
])

/** An input whose ids are one id, where it has members of such names. */
const withIds = (input: unknown, id: string): unknown =>
  typeof input !== 'object' || input === null || Array.isArray(input)
    ? input
    : Object.fromEntries(Object.entries(input).map(([name, value]) => [name, idNames.has(name) ? id : value]))

const queryOf = (input: unknown): string => {
  const query = new URLSearchParams()
  if (typeof input === 'object' && input !== null)
    for (const [name, value] of Object.entries(input))
      for (const one of [value].flat())
        query.append(name, typeof one === 'object' ? JSON.stringify(one) : String(one))
  return query.toString()
}
