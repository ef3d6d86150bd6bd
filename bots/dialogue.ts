import { randomUUID } from 'node:crypto'
import { fault, isFault } from '../infra/errors.ts'
import { type ParsedLine, readValue } from './command-line.ts'
import { type Argument, faultOf } from './commands.ts'
import { type Choice, type Say, text } from './reply.ts'
import { parseRows, type SentRow } from './rows.ts'
import type { Dialogue, Directory, Session, Surroundings } from './session.ts'

/** Names an open question: the same each time a named line is answered. */
export const questionId = ({ key }: Surroundings): string => key ?? randomUUID()

/**
 * Begins to ask for what a command line left out, one argument a message: the required ones, and those optional ones
 * that the catalogue has a question for.
 */
export const startDialogue = (
  session: Session,
  parsed: ParsedLine,
  directory: Directory,
  say: Say,
  surroundings: Surroundings = {},
): void => {
  const { command, input, missing } = parsed
  const open = command.arguments.filter(
    argument =>
      input[argument.name] === undefined &&
      (missing.includes(argument) || session.say.prompts[`${command.name}.${argument.name}`] !== undefined),
  )
  const id = questionId(surroundings)
  const { consented = [] } = directory
  const dialogue: Dialogue = {
    kind: 'dialogue',
    id,
    command,
    input: { ...input },
    open,
    consented,
    lines: [],
  }
  dropSettled(dialogue)
  session.pending = dialogue
  say(text(session.say.cancelHint, 'quiet'))
  if (open[0]?.name === 'proposal' && directory.gathering.length > 0)
    say({
      kind: 'choices',
      text: promptOf(session, dialogue, open[0]),
      choices: directory.gathering.map(name => ({ label: name, line: name, pending: id })),
    })
  else sayNext(session, dialogue, say, surroundings)
}

/** Leaves out what a standing consent has said already. */
const dropSettled = ({ command, input, open, consented = [] }: Dialogue): void => {
  if (command.name !== 'contribute' || !consented.includes(String(input.proposal))) return
  const left = open.filter(({ name }) => name !== 'rights' && name !== 'licence')
  open.splice(0, open.length, ...left)
}

const promptOf = ({ say }: Session, { command }: Dialogue, argument: Argument): string => {
  const prompt =
    say.prompts[`${command.name}.${argument.name}`] ??
    say.prompts[argument.name] ??
    say.prompt(argument.name, argument.help)
  return argument.fallback === undefined ? prompt : `${prompt} ${say.keepDefault(argument.fallback)}`
}

const sayNext = (session: Session, dialogue: Dialogue, say: Say, surroundings: Surroundings): void => {
  const [next] = dialogue.open
  if (next === undefined) return
  const prompt = promptOf(session, dialogue, next)
  const choices = surroundings.buttons === true ? buttonsFor(session, dialogue, next) : []
  say(choices.length === 0 ? text(prompt) : { kind: 'choices', text: prompt, choices })
}

/** What a question can be answered with at the press of a button. */
const buttonsFor = ({ say }: Session, { id }: Dialogue, argument: Argument): Choice[] => {
  const { kind, required, fallback, choices } = argument
  const choice = (label: string, line: string): Choice => ({ label, line, pending: id })
  if (kind === 'yes-no') return [choice(say.yes, 'yes'), choice(say.no, 'no')]
  const known = kind === 'choice' ? choices.map(word => choice(word, word)) : []
  if (required || kind === 'rows') return known
  return [...known, choice(fallback === undefined ? say.chatting.skip : say.chatting.keep(fallback), '')]
}

/** A line to a dialogue that waits for rows may come as a file instead. */
export const lineOrFile = ({ attached }: Surroundings, { open }: Dialogue, line: string): string =>
  attached !== undefined && open[0]?.kind === 'rows' ? attached : line

/**
 * Takes one line as the answer to what was asked last. Returns the complete command once nothing is open, null before.
 * A value that the verb's schema refuses is said so and asked for again.
 */
export const answerDialogue = async (
  session: Session,
  dialogue: Dialogue,
  line: string,
  say: Say,
  surroundings: Surroundings,
): Promise<ParsedLine | null> => {
  const [argument] = dialogue.open
  if (argument === undefined) return null
  const value = await readAnswer(session, dialogue, argument, line, say, surroundings)
  if (value === undefined) return null
  dialogue.open.shift()
  if (value !== keep) dialogue.input[argument.name] = value
  dropSettled(dialogue)
  if (dialogue.open.length > 0) {
    sayNext(session, dialogue, say, surroundings)
    return null
  }
  session.pending = null
  return { command: dialogue.command, input: dialogue.input, missing: [] }
}

/** The person said nothing, so the schema's default stands. */
const keep = Symbol('keep')

const readAnswer = async (
  session: Session,
  dialogue: Dialogue,
  argument: Argument,
  line: string,
  say: Say,
  surroundings: Surroundings,
): Promise<unknown> => {
  if (argument.kind === 'rows') return collectRows(session, dialogue, argument, line, say, surroundings)
  if (line.trim() === '') {
    if (!argument.required) return keep
    sayNext(session, dialogue, say, surroundings)
    return undefined
  }
  const value = readValue(argument, line.trim())
  const wrong = faultOf(dialogue.command, argument, value, session.say)
  if (wrong === null) return value
  say(text(session.say.invalidValue(argument.name, wrong), 'bad'))
  sayNext(session, dialogue, say, surroundings)
  return undefined
}

const collectRows = async (
  session: Session,
  dialogue: Dialogue,
  argument: Argument,
  line: string,
  say: Say,
  surroundings: Surroundings,
): Promise<SentRow[] | undefined> => {
  if (line.trim() !== '' && !line.trim().startsWith('@')) {
    dialogue.lines.push(line)
    if (surroundings.buttons === true) sayRowsSoFar(session, dialogue, say)
    return undefined
  }
  if (line.trim() === '' && dialogue.lines.length === 0) {
    sayNext(session, dialogue, say, surroundings)
    return undefined
  }
  const typed = dialogue.lines.join('\n')
  dialogue.lines = []
  const rows = line.trim() === '' ? parseRows(typed) : await rowsFromFile(session, line.trim(), surroundings)
  const wrong = faultOf(dialogue.command, argument, rows, session.say)
  if (wrong === null) return rows
  // Too few rows so far, or one that cannot be used: what was typed is kept, and the person goes on.
  dialogue.lines = typed === '' ? [] : typed.split('\n')
  say(text(session.say.invalidValue(argument.name, wrong), 'bad'))
  say(text(session.say.rowsSoFar(rows.length), 'quiet'))
  return undefined
}

const sayRowsSoFar = ({ say: { rowsSoFar, chatting } }: Session, dialogue: Dialogue, say: Say): void => {
  let rows = 0
  try {
    rows = parseRows(dialogue.lines.join('\n')).length
  } catch (error) {
    // What cannot be read as rows is told at once, and taken back: nobody can edit what was sent three messages ago.
    dialogue.lines.pop()
    throw error
  }
  const choices = [{ label: chatting.done, line: '', pending: dialogue.id }]
  say({ kind: 'choices', text: rowsSoFar(rows), choices })
}

/** Reads the rows of a file named `@path`. Throws `file-unreadable` where the surface reads no files, or this one not. */
export const rowsFromFile = async (
  session: Session,
  name: string,
  surroundings: Surroundings,
): Promise<SentRow[]> => {
  const path = name.replace(/^@/, '').trim()
  const unreadable = (cause?: unknown) =>
    fault('file-unreadable', session.say.fileUnreadable(path), {
      fix: 'Check its path, or paste the rows instead.',
      cause,
    })
  if (surroundings.readFile === undefined) throw unreadable()
  const content = await surroundings.readFile(path).catch((error: unknown) => {
    throw isFault(error) ? error : unreadable(error)
  })
  return parseRows(content)
}
