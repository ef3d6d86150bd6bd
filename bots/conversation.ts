import { randomUUID } from 'node:crypto'
import { isFault } from '../infra/errors.ts'
import type { Update } from '../tools/context.ts'
import { call } from '../tools/registry.ts'
import type { Understand } from '../tools/understanding.ts'
import { type ParsedLine, parseCommand } from './command-line.ts'
import { type Command, findCommand, inputFault } from './commands.ts'
import { confirmationOf } from './confirmation.ts'
import { answerDialogue, lineOrFile, questionId, rowsFromFile, startDialogue } from './dialogue.ts'
import { filledCommand } from './filled-command.ts'
import { oneLine } from './format.ts'
import { faultReplies, helpReplies, repliesTo } from './replies.ts'
import { type Reply, type Say, text } from './reply.ts'
import {
  type Bot,
  type Confirmation,
  type Directory,
  defaultsOf,
  type FilledCommand,
  readDirectory,
  type Session,
  type Surroundings,
} from './session.ts'
import { actOn, situationOf } from './understood.ts'

/** One line of a conversation and everything that answering it needs. */
interface Turn extends Surroundings {
  readonly bot: Bot
  readonly session: Session
  readonly say: Say
  /** Calls made so far, for their keys. */
  calls: number
}

/**
 * Answers one line of a person's conversation: a command, the answer to what was asked last, or free text.
 * Everything is said through `say`, faults too; it never throws.
 */
export const converse = async (
  bot: Bot,
  session: Session,
  line: string | FilledCommand,
  say: Say,
  surroundings: Surroundings = {},
): Promise<void> => {
  const turn: Turn = { bot, session, say, ...surroundings, calls: 0 }
  try {
    if (typeof line === 'string') await answer(turn, line)
    else await answerFilled(turn, line)
  } catch (error) {
    surroundings.onFault?.()
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
  if (turn.pending !== undefined && turn.pending !== pending?.id) {
    turn.onFault?.()
    return say(text(session.say.chatting.tooLate, 'quiet'))
  }
  if (pending?.kind === 'dialogue' && !isCommand) {
    turn.onCommand?.(pending.command)
    const complete = await answerDialogue(session, pending, lineOrFile(turn, pending, raw), say, turn)
    if (complete !== null) await proceed(turn, complete, await readDirectory(bot, session))
    return
  }
  if (pending?.kind === 'confirmation' && !isCommand) return confirm(turn, pending, line)
  session.pending = null
  if (/^\/cancel\b/i.test(line)) {
    say(text(pending === null ? session.say.dropped : session.say.cancelled, 'quiet'))
    return
  }
  if (line === '' && turn.attached === undefined) return
  const directory = await readDirectory(bot, session)
  // A file without a command can only be rows.
  if (!isCommand && turn.attached === undefined) return freeText(turn, line, directory)
  if (isCommand && ownCommand(turn, line, directory)) return
  await perform(
    turn,
    parseCommand(isCommand ? line : '/contribute', bot.commands, defaultsOf(session, directory)),
    directory,
  )
}

const answerFilled = async (turn: Turn, filled: FilledCommand): Promise<void> => {
  const { bot, session } = turn
  if (findCommand(bot.commands, filled.name) === undefined)
    return answer(turn, `/${[filled.name, ...Object.values(filled.words)].join(' ')}`)
  session.pending = null
  const directory = await readDirectory(bot, session)
  await perform(turn, filledCommand(filled, bot.commands, defaultsOf(session, directory)), directory)
}

/** Runs a command, or asks for what it lacks. */
const perform = async (turn: Turn, parsed: ParsedLine, directory: Directory): Promise<void> => {
  const { session, say } = turn
  turn.onCommand?.(parsed.command)
  const rows = turn.attached === undefined ? undefined : parsed.missing.find(({ kind }) => kind === 'rows')
  if (rows !== undefined && turn.attached !== undefined)
    parsed.input[rows.name] = await rowsFromFile(session, turn.attached, turn)
  const missing = parsed.missing.filter(argument => argument !== rows)
  if (missing.length > 0) startDialogue(session, { ...parsed, missing }, directory, say, turn)
  else await proceed(turn, { ...parsed, missing }, directory)
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
  if (bot.understand !== undefined) return understoodText(turn, bot.understand, line, directory)
  const command = findCommand(bot.commands, 'ask')
  if (command !== undefined && (line.endsWith('?') || session.say.interrogatives.test(line))) {
    turn.onCommand?.(command)
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

/** Free text read by a concierge. Only what changes nothing is done at once; all else waits for a yes or a button. */
const understoodText = async (
  turn: Turn,
  understand: Understand,
  line: string,
  directory: Directory,
): Promise<void> => {
  const { bot, session, say } = turn
  const read = await understand(line, situationOf(bot, session, directory, turn.signal))
  const next = actOn(read, line, bot, session)
  for (const reply of next.replies) say(reply)
  if (next.line !== undefined) return answer(turn, next.line)
  if (next.filled !== undefined) return answerFilled(turn, next.filled)
  if (next.ask === undefined) return
  const { model, question } = next.ask
  const command = findCommand(bot.commands, 'ask')
  if (command === undefined) return
  turn.onCommand?.(command)
  if (model === null) return sayWhichModel(turn, directory)
  return proceed(turn, { command, input: { model, question }, missing: [] }, directory)
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
  const pending: Confirmation = {
    kind: 'confirmation',
    id: questionId(turn),
    command,
    input,
    remember: asked.remember,
  }
  session.pending = pending
  say(yesOrNo(session, pending, asked.question))
}

const yesOrNo = ({ say }: Session, { id }: Confirmation, question: string): Reply => ({
  kind: 'choices',
  text: question,
  choices: [
    { label: say.yes, line: 'yes', pending: id },
    { label: say.no, line: 'no', pending: id },
  ],
})

const confirm = async (turn: Turn, pending: Confirmation, line: string): Promise<void> => {
  const { session, say } = turn
  turn.onCommand?.(pending.command)
  if (/^(y|yes|ok|sure)[.!]?$/i.test(line)) {
    session.pending = null
    if (pending.remember !== null) session.confirmed.add(pending.remember)
    return run(turn, pending.command, pending.input)
  }
  if (!/^(n|no)[.!]?$/i.test(line)) return say(yesOrNo(session, pending, session.say.sayYesOrNo))
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
    ...(turn.key === undefined ? {} : { key: `${turn.key}/${turn.calls++}` }),
    ...(turn.signal === undefined ? {} : { signal: turn.signal }),
  }).catch((error: unknown) => {
    if (isFault(error, 'insufficient-balance')) session.unpaid = asked
    throw error
  })
  if (asked !== null) remember(turn, output, streamed)
  const told = turn.discreet === true ? withoutMe(output) : output
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

/** An output without the caller's own part of it. */
const withoutMe = (output: unknown): unknown =>
  typeof output === 'object' && output !== null && 'me' in output ? { ...output, me: null } : output

/** Keeps what the next line may leave out, and shows an answer that did not come in parts. */
const remember = ({ session, say, key }: Turn, output: unknown, streamed: boolean): void => {
  if (typeof output !== 'object' || output === null) return
  const [words, answerId, model] = ['answer', 'answerId', 'model'].map(
    name => Reflect.get(output, name) as unknown,
  )
  // A repeated call streams nothing, and has to look as the first one did.
  if (typeof words === 'string' && !streamed)
    say(key === undefined ? text(words) : { kind: 'part', text: words })
  if (typeof answerId === 'string') session.lastAnswer = answerId
  if (typeof model === 'string') session.model = model.split('@')[0] ?? null
}
