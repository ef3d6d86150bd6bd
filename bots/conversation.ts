import { randomUUID } from 'node:crypto'
import { isFault } from '../infra/errors.ts'
import type { Understand } from '../tools/understanding.ts'
import { type ParsedLine, parseCommand } from './command-line.ts'
import { type Command, faultyArgument, findCommand, inputFault, usage } from './commands.ts'
import { confirmationOf } from './confirmation.ts'
import { askOnceMore, askToConfirm, cover, goOn, isCovered } from './confirming.ts'
import { consentOffer } from './consent-offer.ts'
import {
  answerDialogue,
  questionId,
  refusedArgument,
  reopenDialogue,
  rowsFromFile,
  startDialogue,
} from './dialogue.ts'
import { filledCommand } from './filled-command.ts'
import { oneLine } from './format.ts'
import { faultReplies, helpReplies } from './replies.ts'
import { type Say, text } from './reply.ts'
import { runCommand, type Turn } from './running.ts'
import {
  type Bot,
  type Confirmation,
  type Directory,
  defaultsOf,
  type FilledCommand,
  openQuestion,
  readDirectory,
  type Session,
  type Surroundings,
} from './session.ts'
import { actOn, situationOf } from './understood.ts'

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
  const turn: Turn = { bot, session, say, ...surroundings, calls: 0, interrupted: null }
  const orTellWhy = async (work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      surroundings.onFault?.()
      if (surroundings.signal?.aborted === true) say(text(session.say.interrupted, 'quiet'))
      else for (const reply of faultsOf(bot, session, error)) say(reply)
    }
  }
  await orTellWhy(typeof line === 'string' ? answer(turn, line) : answerFilled(turn, line))
  await orTellWhy(goOn(turn))
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
  if (turn.pending !== undefined && (pending === null || turn.pending !== openQuestion(pending))) {
    turn.onFault?.()
    return say(text(session.say.chatting.tooLate, 'quiet'))
  }
  const leaves = /^\/cancel\b/i.test(line) || (pending !== null && session.say.cancelWords.test(line))
  if (leaves) {
    session.pending = null
    return say(text(pending === null ? session.say.dropped : session.say.cancelled, 'quiet'))
  }
  if (pending?.kind === 'dialogue' && !isCommand) {
    turn.onCommand?.(pending.command)
    const directory = await readDirectory(bot, session)
    const complete = await answerDialogue(session, pending, raw, directory, say, turn)
    if (complete !== null) await proceed(turn, complete, directory, true)
    return
  }
  if (pending?.kind === 'confirmation' && !isCommand) return confirm(turn, pending, line)
  interrupt(turn)
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

/** A look at something does not end what was asked; any other command does, once it is understood. */
const interrupt = (turn: Turn): void => {
  turn.interrupted ??= turn.session.pending
  turn.session.pending = null
}

const answerFilled = async (turn: Turn, filled: FilledCommand): Promise<void> => {
  const { bot, session } = turn
  if (findCommand(bot.commands, filled.name) === undefined)
    return answer(turn, `/${[filled.name, ...Object.values(filled.words)].join(' ')}`)
  interrupt(turn)
  const directory = await readDirectory(bot, session)
  await perform(turn, filledCommand(filled, bot.commands, defaultsOf(session, directory)), directory)
}

/** Runs a command, or asks for what it lacks. */
const perform = async (turn: Turn, parsed: ParsedLine, directory: Directory): Promise<void> => {
  const { session, say } = turn
  turn.onCommand?.(parsed.command)
  if (parsed.command.effect !== 'read') turn.interrupted = null
  const rows = turn.attached === undefined ? undefined : parsed.missing.find(({ kind }) => kind === 'rows')
  if (rows !== undefined && turn.attached !== undefined)
    parsed.input[rows.name] = await rowsFromFile(session, turn.attached, turn)
  const missing = parsed.missing.filter(argument => argument !== rows)
  const offer = missing.length > 0 ? null : consentOffer(parsed, directory, session.say)
  if (offer !== null) return say(offer)
  if (missing.length === 0) return proceed(turn, { ...parsed, missing }, directory)
  // Two dialogues at once would leave nobody knowing which question is answered.
  if (turn.interrupted !== null) return say(text(session.say.writeItWhole(usage(parsed.command))))
  startDialogue(session, { ...parsed, missing }, directory, say, turn)
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

/**
 * Runs a complete command, after a confirmation where it moves money or casts a vote. `guided`: its values were asked for
 * one by one, and are kept when the network refuses one.
 */
const proceed = async (
  turn: Turn,
  { command, input }: ParsedLine,
  directory: Directory,
  guided = false,
): Promise<void> => {
  const { session, say } = turn
  for (const { name, kind } of command.arguments) {
    const value = input[name]
    if (kind === 'rows' && typeof value === 'string') input[name] = await rowsFromFile(session, value, turn)
  }
  // Before the confirmation: nobody should confirm what cannot happen.
  const wrong = inputFault(command.verb, input, session.say)
  if (wrong !== null) {
    say(text(session.say.invalidInput(wrong), 'bad'))
    if (!guided) return
    const refused = faultyArgument(command.verb, input)
    return reopenDialogue(session, command, input, refused, directory, say, turn)
  }
  const asked = confirmationOf(session.say, command, input, directory)
  if (asked === null || isCovered(turn, asked.remember)) return run(turn, command, input, guided)
  const pending: Confirmation = {
    kind: 'confirmation',
    id: questionId(turn),
    command,
    input,
    remember: asked.remember,
    // A form in a chat is as long to fill in as a dialogue.
    guided: guided || (turn.buttons === true && command.arguments.some(({ kind }) => kind === 'rows')),
  }
  session.pending = pending
  askToConfirm(turn, pending, directory)
}

const confirm = async (turn: Turn, pending: Confirmation, line: string): Promise<void> => {
  const { session, say } = turn
  turn.onCommand?.(pending.command)
  if (turn.attached !== undefined) return askOnceMore(turn, pending, session.say.noFileNow)
  if (/^(n|no)[.!]?$/i.test(line)) {
    session.pending = null
    return say(text(session.say.dropped, 'quiet'))
  }
  if (!/^(y|yes|ok|sure)[.!]?$/i.test(line)) return askOnceMore(turn, pending, session.say.sayYesOrNo)
  // In a chat other messages may stand between a question and a word: only its own button says what the yes is for.
  if (turn.buttons === true && turn.pending === undefined)
    return askOnceMore(turn, pending, session.say.pressYes)
  session.pending = null
  cover(turn, pending.remember)
  return run(turn, pending.command, pending.input, pending.guided === true)
}

/** Runs a command. What was asked for one by one is kept for another try where one value of it was refused. */
const run = async (
  turn: Turn,
  command: Command,
  input: Record<string, unknown>,
  guided: boolean,
): Promise<void> => {
  const { bot, session, say } = turn
  try {
    await runCommand(turn, command, input)
  } catch (error) {
    const theirs = isFault(error) && error.blame === 'person' && command.name !== 'ask'
    if (!guided || !theirs || turn.signal?.aborted === true) throw error
    turn.onFault?.()
    for (const reply of faultsOf(bot, session, error)) say(reply)
    const directory = await readDirectory(bot, session)
    reopenDialogue(session, command, input, refusedArgument(command, error), directory, say, turn)
  }
}
