import { isFault } from '../infra/errors.ts'
import type { Update } from '../tools/context.ts'
import { call } from '../tools/registry.ts'
import type { Command } from './commands.ts'
import { oneLine } from './format.ts'
import { repliesTo } from './replies.ts'
import { type Say, text } from './reply.ts'
import type { Bot, Confirmation, Dialogue, Session, Surroundings } from './session.ts'

/** One line of a conversation and everything that answering it needs. */
export interface Turn extends Surroundings {
  readonly bot: Bot
  readonly session: Session
  readonly say: Say
  /** Calls made so far, for their keys. */
  calls: number
  /** What was asked before this line looked at something else: it goes on after it. */
  interrupted: Dialogue | Confirmation | null
}

/** Calls a command's verb and says what it returned. Throws what the verb throws. */
export const runCommand = async (
  turn: Turn,
  command: Command,
  input: Record<string, unknown>,
): Promise<void> => {
  const { bot, session, say } = turn
  let streamed = false
  const onUpdate = (update: Update): void => {
    streamed ||= update.kind === 'text'
    say(
      update.kind === 'text' ? { kind: 'part', text: update.text } : { label: `/${command.name}`, ...update },
    )
  }
  const asked = command.name === 'ask' ? `/ask ${input.model} ${input.question}` : null
  const output: unknown = await call(bot.network, session.caller, command.verb, input, {
    onUpdate,
    ...(turn.key === undefined ? {} : { key: `${turn.key}/${turn.calls++}` }),
    ...(turn.signal === undefined ? {} : { signal: turn.signal }),
  }).catch((error: unknown) => {
    if (isFault(error, 'insufficient-balance')) session.unpaid = asked
    throw error
  })
  if (asked !== null) remember(turn, output, streamed)
  const told = toldTo(turn, output)
  turn.onResult?.(command, input, output)
  for (const reply of command.tell?.(told, session.say) ?? repliesTo(command.name, told, session.say))
    say(reply)
  if (command.name === 'deposit') offerUnpaid(turn)
}

const offerUnpaid = ({ session, say }: Turn): void => {
  const line = session.unpaid
  session.unpaid = null
  if (line === null) return
  const question = line.split(' ').slice(2).join(' ')
  const label = session.say.askAgain(oneLine(question, 60))
  say({ kind: 'choices', text: session.say.goOn, choices: [{ label, line }] })
}

const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null

/**
 * An output as it is told here: to others without the caller's own part of it, and in a chat, whose people run no node,
 * without what the node computes with.
 */
const toldTo = ({ discreet, buttons }: Turn, output: unknown): unknown => {
  const fields = record(output)
  if (fields === null) return output
  const network = record(fields.network)
  return {
    ...fields,
    ...(discreet === true && 'me' in fields ? { me: null } : {}),
    ...(buttons === true && network !== null && 'engine' in network
      ? { network: { ...network, engine: null } }
      : {}),
  }
}

/** Keeps what the next line may leave out, and shows an answer that did not come in parts. */
const remember = ({ session, say, key }: Turn, output: unknown, streamed: boolean): void => {
  const fields = record(output)
  if (fields === null) return
  const { answer, answerId, model } = fields
  // A repeated call streams nothing, and has to look as the first one did.
  if (typeof answer === 'string' && !streamed)
    say(key === undefined ? text(answer) : { kind: 'part', text: answer })
  if (typeof answerId === 'string') session.lastAnswer = answerId
  if (typeof model === 'string') session.model = model.split('@')[0] ?? null
}
