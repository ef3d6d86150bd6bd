import { randomUUID } from 'node:crypto'
import { isFault } from '../infra/errors.ts'
import type { Update } from '../tools/context.ts'
import { call } from '../tools/registry.ts'
import { type ParsedLine, parseCommand } from './command-line.ts'
import { type Command, findCommand, inputFault } from './commands.ts'
import { confirmationOf } from './confirmation.ts'
import { answerDialogue, rowsFromFile, startDialogue } from './dialogue.ts'
import { oneLine } from './format.ts'
import { faultReplies, helpReplies, repliesTo } from './replies.ts'
import { type Reply, type Say, text } from './reply.ts'
import {
  type Bot,
  type Confirmation,
  type Directory,
  defaultsOf,
  readDirectory,
  type Session,
  type Surroundings,
} from './session.ts'

/** One line of a conversation and everything that answering it needs. */
interface Turn extends Surroundings {
  readonly bot: Bot
  readonly session: Session
  readonly say: Say
}

/**
 * Answers one line of a person's conversation: a command, the answer to what was asked last, or free text.
 * Everything is said through `say`, faults too; it never throws.
 */
export const converse = async (
  bot: Bot,
  session: Session,
  line: string,
  say: Say,
  surroundings: Surroundings = {},
): Promise<void> => {
  try {
    await answer({ bot, session, say, ...surroundings }, line)
  } catch (error) {
    if (surroundings.signal?.aborted === true) say(text(session.say.interrupted, 'quiet'))
    else for (const reply of faultsOf(bot, session, error)) say(reply)
  }
}

/** What a person is told of an error; what is not theirs goes to the log under an incident's id. */
export const faultsOf = (bot: Bot, session: Session, error: unknown): ReturnType<typeof faultReplies> => {
  const incident = randomUUID()
  if (!isFault(error) || error.blame === 'ours' || error.blame === 'operator')
    bot.network.log.error('conversation.failed', {
      incident,
      surface: session.caller.surface,
      error: error instanceof Error ? error : new Error(String(error)),
    })
  return faultReplies(error, incident, session.say)
}

const answer = async (turn: Turn, raw: string): Promise<void> => {
  const { bot, session, say } = turn
  const line = raw.trim()
  const isCommand = line.startsWith('/')
  const { pending } = session
  if (pending?.kind === 'dialogue' && !isCommand) {
    const complete = await answerDialogue(session, pending, raw, say, turn)
    if (complete !== null) await proceed(turn, complete, await readDirectory(bot, session))
    return
  }
  if (pending?.kind === 'confirmation' && !isCommand) return confirm(turn, pending, line)
  session.pending = null
  if (/^\/cancel\b/i.test(line)) {
    say(text(pending === null ? session.say.dropped : session.say.cancelled, 'quiet'))
    return
  }
  if (line === '') return
  const directory = await readDirectory(bot, session)
  if (!isCommand) return freeText(turn, line, directory)
  if (ownCommand(turn, line, directory)) return
  const parsed = parseCommand(line, bot.commands, defaultsOf(session, directory))
  if (parsed.missing.length > 0) startDialogue(session, parsed, directory, say)
  else await proceed(turn, parsed, directory)
}

/** Commands of the conversation itself, which change nothing on the network. */
const ownCommand = (turn: Turn, line: string, directory: Directory): boolean => {
  const { bot, session, say } = turn
  const [head = '', word = ''] = line.slice(1).split(/\s+/)
  if (head.toLowerCase() === 'help') {
    const one = findCommand(bot.commands, word.replace(/^\//, ''))
    for (const reply of helpReplies(one === undefined ? bot.commands : [one], session.say)) say(reply)
    return true
  }
  if (head.toLowerCase() !== 'model') return false
  const model = directory.models.find(({ name }) => name === word.toLowerCase().split('@')[0])
  if (model === undefined) sayWhichModel(turn, directory)
  else {
    session.model = model.name
    say(text(session.say.nowAsking(model.name)))
  }
  return true
}

const sayWhichModel = ({ session, say }: Turn, directory: Directory): void =>
  directory.models.length === 0
    ? say(text(session.say.noModel))
    : say({
        kind: 'choices',
        text: session.say.whichModel,
        choices: directory.models.map(({ name }) => ({ label: name, line: `/model ${name}` })),
      })

/** Free text: a lone command word is that command, a question is asked, and of anything else is said what it was taken for. */
const freeText = async (turn: Turn, line: string, directory: Directory): Promise<void> => {
  const { bot, session, say } = turn
  const word = /^([a-z]+)[?.!]?$/i.exec(line)?.[1]?.toLowerCase()
  if (word === 'help' || (word !== undefined && findCommand(bot.commands, word) !== undefined))
    return answer(turn, `/${word}`)
  const command = findCommand(bot.commands, 'ask')
  if (command !== undefined && (line.endsWith('?') || session.say.interrogatives.test(line))) {
    if (session.model === null) return sayWhichModel(turn, directory)
    return proceed(turn, { command, input: { model: session.model, question: line }, missing: [] }, directory)
  }
  const asking =
    session.model === null
      ? []
      : [{ label: session.say.askAnyway(session.model), line: `/ask ${session.model} ${line}` }]
  say({
    kind: 'choices',
    text: session.say.notAQuestion(oneLine(line, 60)),
    choices: [
      ...asking,
      { label: session.say.seeStatus, line: '/status' },
      { label: session.say.seeHelp, line: '/help' },
    ],
  })
}

/** Runs a complete command, after a confirmation where it moves money or casts a vote. */
const proceed = async (turn: Turn, { command, input }: ParsedLine, directory: Directory): Promise<void> => {
  const { session, say } = turn
  for (const { name, kind } of command.arguments) {
    const value = input[name]
    if (kind === 'rows' && typeof value === 'string') input[name] = await rowsFromFile(session, value, turn)
  }
  // Before the confirmation: nobody should confirm what cannot happen.
  const wrong = inputFault(command.verb, input, session.say)
  if (wrong !== null) return say(text(session.say.invalidInput(wrong), 'bad'))
  const asked = confirmationOf(session.say, command, input, directory)
  if (asked === null || (asked.remember !== null && session.confirmed.has(asked.remember)))
    return run(turn, command, input)
  session.pending = { kind: 'confirmation', command, input, remember: asked.remember }
  say(yesOrNo(session, asked.question))
}

const yesOrNo = ({ say }: Session, question: string): Reply => ({
  kind: 'choices',
  text: question,
  choices: [
    { label: say.yes, line: 'yes' },
    { label: say.no, line: 'no' },
  ],
})

const confirm = async (turn: Turn, pending: Confirmation, line: string): Promise<void> => {
  const { session, say } = turn
  if (/^(y|yes|ok|sure)[.!]?$/i.test(line)) {
    session.pending = null
    if (pending.remember !== null) session.confirmed.add(pending.remember)
    return run(turn, pending.command, pending.input)
  }
  if (!/^(n|no)[.!]?$/i.test(line)) return say(yesOrNo(session, session.say.sayYesOrNo))
  session.pending = null
  say(text(session.say.dropped, 'quiet'))
}

const run = async (turn: Turn, command: Command, input: Record<string, unknown>): Promise<void> => {
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
    ...(turn.signal === undefined ? {} : { signal: turn.signal }),
  }).catch((error: unknown) => {
    if (isFault(error, 'insufficient-balance')) session.unpaid = asked
    throw error
  })
  if (asked !== null) remember(turn, output, streamed)
  for (const reply of repliesTo(command.name, output, session.say)) say(reply)
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

/** Keeps what the next line may leave out, and shows an answer that did not come in parts. */
const remember = ({ session, say }: Turn, output: unknown, streamed: boolean): void => {
  if (typeof output !== 'object' || output === null) return
  const [words, answerId, model] = ['answer', 'answerId', 'model'].map(
    name => Reflect.get(output, name) as unknown,
  )
  if (typeof words === 'string' && !streamed) say(text(words))
  if (typeof answerId === 'string') session.lastAnswer = answerId
  if (typeof model === 'string') session.model = model.split('@')[0] ?? null
}
