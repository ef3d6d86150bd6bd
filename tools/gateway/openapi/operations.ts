import type { Role } from '../../context.ts'
import { scopeOf, type Verb } from '../../registry.ts'
import { isPaged, isSold, methodsOf } from '../rest/served.ts'
import { exampleInput } from './examples.ts'
import { refusals } from './problems.ts'
import { inputFields, inputSchema, outputSchema } from './schema.ts'

const people: readonly Role[] = ['anyone', 'member', 'operator']

const tagOf = (verb: Verb): string => {
  if (!verb.who.some(role => people.includes(role))) return 'agents'
  return verb.effect === 'read' ? 'reading' : 'acting'
}

const effects = {
  read: 'Changes nothing.',
  write: 'Changes something.',
  money: 'Moves money.',
  vote: 'Decides something for its caller: a vote, a withdrawal, a link.',
} as const

const whoOf = ({ who, inPerson, bySurface }: Verb): string => {
  if (bySurface === true)
    return 'For the machine of the node: who somebody is on a platform, no program may say.'
  if (inPerson === true) return 'For people themselves and the machine of the node, not for API keys.'
  return who.includes('anyone') ? 'For everybody.' : `For: ${who.join(', ')}.`
}

/** Without a key where everybody may, or where it can be paid for as it is asked. */
const securityOf = (verb: Verb): object[] => {
  const key = { key: [scopeOf(verb)] }
  if (verb.bySurface === true) return [key]
  return verb.who.includes('anyone') || isSold(verb) ? [{}, key] : [key]
}

const idempotencyKey = { $ref: '#/components/parameters/IdempotencyKey' }

const common = (verb: Verb) => ({
  summary: verb.summary,
  description: [
    effects[verb.effect],
    whoOf(verb),
    ...(isSold(verb) ? ['Without a key it can be paid for by x402.'] : []),
  ].join(' '),
  tags: [tagOf(verb)],
  security: securityOf(verb),
  'x-who': verb.who,
  'x-effect': verb.effect,
})

const answered = (verb: Verb, headers: object) => ({
  description: 'What came of it.',
  headers,
  content: { 'application/json': { schema: outputSchema(verb) } },
})

const posted = (verb: Verb) => ({
  ...common(verb),
  operationId: verb.name,
  parameters: verb.effect === 'read' ? [] : [idempotencyKey],
  requestBody: {
    required: ((inputSchema(verb).required ?? []) as string[]).length > 0,
    content: { 'application/json': { schema: inputSchema(verb), example: exampleInput(verb) } },
  },
  responses: {
    '200': answered(verb, {
      'idempotency-key': { description: 'The key that was sent.', schema: { type: 'string' } },
    }),
    ...refusals(isSold(verb)),
  },
})

const got = (verb: Verb) => ({
  ...common(verb),
  operationId: `get-${verb.name}`,
  parameters: Object.entries(inputFields(verb)).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: ((inputSchema(verb).required ?? []) as string[]).includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  })),
  responses: {
    '200': answered(
      verb,
      isPaged(verb)
        ? {
            link: {
              description: 'rel="next": the next page, while there is one.',
              schema: { type: 'string' },
            },
          }
        : {},
    ),
    ...refusals(),
  },
})

/** The path of each verb with what can be done there. */
export const verbPaths = (verbs: readonly Verb[]): Record<string, object> =>
  Object.fromEntries(
    verbs.map(verb => [
      `/api/verbs/${verb.name}`,
      { ...(methodsOf(verb).includes('GET') ? { get: got(verb) } : {}), post: posted(verb) },
    ]),
  )
