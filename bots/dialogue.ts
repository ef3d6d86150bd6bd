import { randomUUID } from 'node:crypto'
import { fault, isFault, type TributaryError } from '../infra/errors.ts'
import { limits } from '../tools/limits.ts'
import { type ParsedLine, readValue } from './command-line.ts'
import { type Argument, type Command, faultOf } from './commands.ts'
import { objection } from './judging.ts'
import { cancelChoice, candidatesFor, changeable, questionOf } from './questions.ts'
import { type Say, text } from './reply.ts'
import { parseRows, type SentRow } from './rows.ts'
import { type Dialogue, type Directory, openQuestion, type Session, type Surroundings } from './session.ts'

/** Names an open question: the same each time a named line is answered. */
export const questionId = ({ key }: Surroundings): string => key ?? randomUUID()

/** What asking takes. */
interface Asking {
  readonly session: Session
  readonly dialogue: Dialogue
  readonly directory: Directory
  readonly say: Say
  readonly surroundings: Surroundings
}

/**
 * Begins to ask for what a command line left out, one argument a message: the required ones, and those optional ones
 * that the catalogue has a question for. Where nothing could be the answer, that is said instead.
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
  if (open[0]?.name === 'proposal' && candidatesFor(command, directory)?.length === 0) {
    session.pending = null
    say(text(session.say.nothingFor[command.name] ?? session.say.noProposals))
  } else openDialogue(session, { command, input, open }, directory, say, surroundings)
}

const openDialogue = (
  session: Session,
  { command, input, open }: Pick<Dialogue, 'command' | 'input' | 'open'>,
  directory: Directory,
  say: Say,
  surroundings: Surroundings,
): void => {
  const { consented = [] } = directory
  const id = questionId(surroundings)
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
  // Where there are buttons, one of them says so.
  if (surroundings.buttons !== true) say(text(session.say.cancelHint, 'quiet'))
  say(questionOf(session, dialogue, directory, surroundings))
}

/**
 * Asks once more for the one value that the network refused, with all others kept; where the fault does not tell which
 * one it is, the person is asked.
 */
export const reopenDialogue = (
  session: Session,
  command: Command,
  input: Readonly<Record<string, unknown>>,
  refused: string | undefined,
  directory: Directory,
  say: Say,
  surroundings: Surroundings,
): void => {
  const open = changeable(command).filter(({ name }) => name === refused)
  const kept = Object.fromEntries(Object.entries(input).filter(([name]) => name !== open[0]?.name))
  say(text(session.say.restIsKept, 'quiet'))
  openDialogue(session, { command, input: kept, open }, directory, say, surroundings)
}

/** The argument that a fault is about, as its facts or its code name it: `name-taken`, `bond-too-small`. */
export const refusedArgument = ({ arguments: known }: Command, { code, facts }: TributaryError) => {
  const words = [facts.argument, ...code.split('-')]
  return known.find(({ name }) => words.includes(name))?.name
}

/** Leaves out what a standing consent has said already. */
const dropSettled = ({ command, input, open, consented = [] }: Dialogue): void => {
  if (command.name !== 'contribute' || !consented.includes(String(input.proposal))) return
  const left = open.filter(({ name }) => name !== 'rights' && name !== 'licence')
  open.splice(0, open.length, ...left)
}

const sayNext = ({ session, dialogue, directory, say, surroundings }: Asking): void =>
  say(questionOf(session, dialogue, directory, surroundings))

/** A line to a dialogue that waits for rows may come as a file instead. */
const lineOrFile = ({ attached }: Surroundings, line: string): string => attached ?? line

/**
 * Takes one line as the answer to what was asked last. Returns the complete command once nothing is open, null before.
 * A value that the verb's schema refuses, or the network would, is said so and asked for again.
 */
export const answerDialogue = async (
  session: Session,
  dialogue: Dialogue,
  line: string,
  directory: Directory,
  say: Say,
  surroundings: Surroundings,
): Promise<ParsedLine | null> => {
  const asking: Asking = { session, dialogue, directory, say, surroundings }
  const [argument] = dialogue.open
  if (surroundings.attached !== undefined && argument?.kind !== 'rows') {
    say(text(session.say.noFileNow))
    sayNext(asking)
    return null
  }
  if (argument === undefined) {
    chooseArgument(asking, line)
    return null
  }
  const value = await readAnswer(asking, argument, lineOrFile(surroundings, line))
  if (value === undefined) return null
  dialogue.open.shift()
  if (value !== keep) dialogue.input[argument.name] = value
  dropSettled(dialogue)
  if (dialogue.open.length > 0) {
    sayNext(asking)
    return null
  }
  session.pending = null
  return { command: dialogue.command, input: dialogue.input, missing: [] }
}

const chooseArgument = (asking: Asking, line: string): void => {
  const { dialogue } = asking
  const word = line.trim().toLowerCase()
  const chosen = changeable(dialogue.command).find(({ name }) => name.toLowerCase() === word)
  if (chosen !== undefined) {
    dialogue.open.push(chosen)
    delete dialogue.input[chosen.name]
  }
  sayNext(asking)
}

/** The person said nothing, so the schema's default stands. */
const keep = Symbol('keep')

const readAnswer = async (asking: Asking, argument: Argument, line: string): Promise<unknown> => {
  const { session, dialogue, directory, say } = asking
  const { command, input } = dialogue
  if (argument.kind === 'rows') return collectRows(asking, argument, line)
  const kept = line.trim() === ''
  if (kept && argument.required) {
    sayNext(asking)
    return undefined
  }
  const value = kept ? argument.fallback : readValue(argument, line.trim())
  const wrong =
    (kept ? null : faultOf(command, argument, value, session.say)) ??
    (value === undefined ? null : objection(command, argument.name, value, input, directory, session.say))
  if (wrong === null) return kept ? keep : value
  say(text(session.say.invalidValue(argument.name, wrong), 'bad'))
  sayNext(asking)
  return undefined
}

const collectRows = async (
  asking: Asking,
  argument: Argument,
  line: string,
): Promise<SentRow[] | undefined> => {
  const { session, dialogue, say, surroundings } = asking
  const given = line.trim()
  if (given !== '' && !given.startsWith('@')) {
    takeLine(asking, line)
    return undefined
  }
  if (given === '' && dialogue.lines.length === 0) {
    sayNext(asking)
    return undefined
  }
  const file = given === '' ? null : await rowsFromFile(session, given, surroundings)
  const typed = dialogue.lines.join('\n')
  dialogue.lines = []
  const rows = file ?? parseRows(typed)
  const wrong = faultOf(dialogue.command, argument, rows, session.say)
  if (wrong === null) return rows
  // Too few rows so far, or one that cannot be used: what was typed is kept, and the person goes on.
  dialogue.lines = typed === '' ? [] : typed.split('\n')
  say(text(session.say.invalidValue(argument.name, wrong), 'bad'))
  if (surroundings.buttons === true) sayRowsSoFar(asking)
  else say(text(session.say.rowsSoFar(rows.length), 'quiet'))
  return undefined
}

const takeLine = (asking: Asking, line: string): void => {
  const { session, dialogue, surroundings } = asking
  const most = limits.submissionRows
  if ([...dialogue.lines, line].join('\n').split('\n').length > most)
    throw fault('lines-too-many', session.say.linesTooMany(most), { fix: session.say.linesTooManyFix })
  dialogue.lines.push(line)
  if (surroundings.buttons === true) sayRowsSoFar(asking)
}

const sayRowsSoFar = ({ session, dialogue, say }: Asking): void => {
  let rows = 0
  try {
    rows = parseRows(dialogue.lines.join('\n')).length
  } catch (error) {
    // What cannot be read as rows is told at once, and taken back: nobody can edit what was sent three messages ago.
    dialogue.lines.pop()
    throw error
  }
  const { rowsSoFar, chatting } = session.say
  const done = { label: chatting.done, line: '', pending: openQuestion(dialogue) }
  say({ kind: 'choices', text: rowsSoFar(rows), choices: [done, cancelChoice(session, dialogue)] })
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
