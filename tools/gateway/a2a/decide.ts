import type { Message } from '@a2a-js/sdk'
import { RequestMalformedError } from '@a2a-js/sdk/errors'
import type { ServerCallContext } from '@a2a-js/sdk/server'
import type { Engine } from '../../../models/engine.ts'
import { limits } from '../../limits.ts'
import { call, mayCall } from '../../registry.ts'
import type { Gate } from '../gate.ts'
import type { Agent } from './agents.ts'
import type { Tasks } from './tasks.ts'
import { type Act, ownerOf, type Work, workOf } from './work.ts'

/** Characters of a message, as JSON, that its task keeps. */
const KEPT = 32_768

/**
 * What is to be done about a message. What only reads is read here and now and answered with a message: nothing of it is
 * stored, so that erased rows live on in no task, and its errors are the protocol's. Throws what the verb throws.
 */
export const decide = async (
  gate: Gate,
  tasks: Tasks,
  agent: Agent,
  context: ServerCallContext,
  message: Message,
): Promise<Act> => {
  const act = agent.read(message)
  const { caller } = workOf(context)
  if (act.kind === 'say') return act
  const { verb, input } = act
  // A call that will not be let through says itself why, before there is a task of it.
  const free = verb.input.safeParse(input).success && mayAct(act, workOf(context))
  // Who has no account cannot come back to a task: they are told how far the run is.
  const follow = act.follow && ownerOf(workOf(context)) !== undefined
  if (!free || (verb.effect === 'read' && !follow)) {
    const output = await call(gate.network, caller, verb, input)
    return { kind: 'say', text: undefined, data: output }
  }
  if (verb.effect !== 'write' && JSON.stringify(message).length > KEPT)
    throw new RequestMalformedError(`message: more than ${KEPT} characters.`)
  if (verb.name !== 'ask' || message.contextId === '') return act
  const { model, question } = input as { model: string; question: string }
  const earlier = turnsBefore(gate.network.engine, question, await tasks.earlier(message.contextId, context))
  return earlier.length === 0 ? act : { ...act, input: { model, question, request: { earlier } } }
}

/** An unknown caller may ask what a payment can pay for. */
const mayAct = (act: Extract<Act, { kind: 'call' }>, { caller }: Work): boolean =>
  mayCall(act.verb, caller) || (act.priced && caller.role === 'anyone' && act.verb.cost !== undefined)

/** Tokens that a chat template puts around one message, at most. */
const AROUND = 8

type Turn = { role: 'user' | 'assistant'; content: string }

/** The newest turns of a conversation that fit into the model's context beside the question and its answer, oldest first. */
const turnsBefore = (
  { base, encode }: Pick<Engine, 'base' | 'encode'>,
  question: string,
  earlier: Awaited<ReturnType<Tasks['earlier']>>,
): Turn[] => {
  const tokens = (text: string): number => encode(text).length + AROUND
  let room = base.config.context - limits.answerTokens - tokens(question)
  const turns: Turn[] = []
  for (const { history, artifacts } of earlier) {
    const asked = textOf(history[0]?.parts)
    const answered = textOf(artifacts[0]?.parts)
    room -= tokens(asked) + tokens(answered)
    if (room < 0) break
    turns.unshift({ role: 'user', content: asked }, { role: 'assistant', content: answered })
  }
  return turns
}

const textOf = (parts: Message['parts'] = []): string =>
  parts
    .map(({ content }) => (content?.$case === 'text' ? content.value : ''))
    .filter(text => text !== '')
    .join('\n')
