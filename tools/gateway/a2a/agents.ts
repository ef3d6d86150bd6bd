import type { Message } from '@a2a-js/sdk'
import { ContentTypeNotSupportedError, RequestMalformedError } from '@a2a-js/sdk/errors'
import { z } from 'zod'
import type { Db } from '../../../infra/db.ts'
import { fault } from '../../../infra/errors.ts'
import { findRelease } from '../../find.ts'
import type { Verb } from '../../registry.ts'
import type { Act } from './work.ts'

/** Whom programs talk to: the node, one of its four roles, or a released model. */
export interface Agent {
  /** Names its tasks: `curator`, `models/bees`; empty for the node. */
  readonly id: string
  /** Below /a2a, as it was addressed; a model's may end in its version. */
  readonly path: string
  /** What it can be asked to do. */
  readonly verbs: readonly Verb[]
  /** Reads what a message wants. Throws A2A's errors for what the agent does not understand. */
  read(message: Message): Act
}

/** The business of each role for callers outside; a verb that a node does not have is left out. */
export const roles = {
  '': {
    name: 'Tributary node',
    description: 'Tells where the network stands and which models and agents it has.',
    verbs: ['status', 'models'],
  },
  curator: {
    name: 'Curator',
    description: 'Takes questions and answers into the datanets and tells what became of each row, and why.',
    verbs: ['contribute', 'submission', 'status'],
  },
  trainer: {
    name: 'Trainer',
    description: 'Tunes models; a tuning run can be followed as a task until it ends.',
    verbs: ['run', 'fine-tune'],
  },
  attributor: {
    name: 'Attributor',
    description: 'Tells whose rows shaped an answer, and shows signed receipts with their proofs.',
    verbs: ['explain', 'receipt'],
  },
  treasurer: {
    name: 'Treasurer',
    description:
      'Shows what an account has and earned, takes deposits, pays claims, and shows the public ledger.',
    verbs: ['account', 'deposit', 'claim', 'events'],
  },
} as const

export type RoleId = keyof typeof roles
export const isRole = (id: string): id is RoleId => Object.hasOwn(roles, id)

/** Finds an agent by its path below /a2a. Throws `agent-unknown` and `model-unknown`. */
export const findAgent = async (db: Db, verbs: readonly Verb[], path: string): Promise<Agent> => {
  if (isRole(path)) return roleAgent(path, verbs)
  const model = /^models\/([^/]+)$/.exec(path)?.[1]
  if (model === undefined)
    throw fault('agent-unknown', 'There is no such agent.', { fix: 'Look at the list at /a2a.' })
  const { name } = await findRelease(db, model)
  return modelAgent(`models/${name}`, model, verbs)
}

const roleAgent = (id: RoleId, verbs: readonly Verb[]): Agent => {
  const own = verbs.filter(({ name }) => roles[id].verbs.some(wanted => wanted === name))
  return { id, path: id, verbs: own, read: message => readOrder(message, own) ?? explanation(id, own) }
}

const order = z.strictObject({
  verb: z.string(),
  input: z.record(z.string(), z.unknown()).default({}),
  follow: z.boolean().optional(),
})

/** A data part that names a verb; undefined where there is only text. */
const readOrder = ({ parts }: Message, verbs: readonly Verb[]): Act | undefined => {
  const data = parts.filter(({ content }) => content?.$case === 'data')
  if (data.length === 0 && parts.every(({ content }) => content?.$case === 'text')) return undefined
  if (data.length === 0) throw new ContentTypeNotSupportedError('Send text, or a data part with a verb.')
  const parsed = order.safeParse(data[0]?.content?.value)
  if (data.length > 1 || !parsed.success)
    throw new RequestMalformedError('Send one data part {"verb": NAME, "input": {...}}.')
  const verb = verbs.find(({ name }) => name === parsed.data.verb)
  if (verb === undefined)
    throw new RequestMalformedError(`This agent's verbs are: ${verbs.map(({ name }) => name).join(', ')}.`)
  const follow = verb.name === 'run' && parsed.data.follow !== false
  return { kind: 'call', verb, input: parsed.data.input, priced: false, follow }
}

const explanation = (id: RoleId, verbs: readonly Verb[]): Act => ({
  kind: 'say',
  text: [
    roles[id].description,
    'Send a data part {"verb": NAME, "input": {...}}. The verbs:',
    ...verbs.map(({ name, summary }) => `- ${name}: ${summary}`),
  ].join('\n'),
  data: {
    verbs: verbs.map(({ name, summary, input }) => ({
      verb: name,
      summary,
      input: z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }),
    })),
  },
})

const modelAgent = (id: string, model: string, verbs: readonly Verb[]): Agent => {
  const ask = verbs.find(({ name }) => name === 'ask')
  if (ask === undefined)
    throw fault('agent-unknown', 'This node answers no questions.', { fix: 'Ask another.' })
  return {
    id,
    path: `models/${model}`,
    verbs: [ask],
    read: ({ parts }) => {
      const texts = parts.map(({ content }) => (content?.$case === 'text' ? content.value : undefined))
      if (texts.includes(undefined))
        throw new ContentTypeNotSupportedError('A model takes text and nothing else.')
      return {
        kind: 'call',
        verb: ask,
        input: { model, question: texts.join('\n') },
        priced: true,
        follow: false,
      }
    },
  }
}
