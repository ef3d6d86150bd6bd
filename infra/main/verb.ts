import { randomUUID } from 'node:crypto'
import { parseCommand } from '../../bots/command-line.ts'
import { type Command, commandOf, findCommand, inputFault, usage } from '../../bots/commands.ts'
import { confirmationOf } from '../../bots/confirmation.ts'
import { rowsFromFile } from '../../bots/dialogue.ts'
import { faultReplies, repliesTo } from '../../bots/replies.ts'
import { type Reply, text } from '../../bots/reply.ts'
import { type Directory, defaultsOf, openSession, type Session } from '../../bots/session.ts'
import type { TributaryClient } from '../../tools/client/client.ts'
import { withNode } from '../../tools/client/local.ts'
import type { VerbInput, VerbName } from '../../tools/client/types.ts'
import { inputSchema } from '../../tools/gateway/openapi/schema.ts'
import type { Verb } from '../../tools/registry.ts'
import { verbs } from '../../tools/verbs.ts'
import { readSettings } from '../env.ts'
import { fault, isFault } from '../errors.ts'
import { type Console, confirmed, print, processConsole, rowsText } from './verb/console.ts'
import { type Flags, lineOf, readFlags } from './verb/words.ts'

/** Verbs that chats call by themselves are commands here too; those of the agents are nobody's. */
const commands = (): Command[] => {
  const open = verbs.filter(({ who }) => who.some(role => ['anyone', 'member', 'operator'].includes(role)))
  return open.map(verb => commandOf(verb, open))
}

/** One line a verb, for `tributary help`. */
export const verbList = (): string => {
  const known = commands()
  const width = Math.max(...known.map(({ name }) => name.length))
  return known.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('')
}

const helpOf = (command: Command): Reply[] => [
  text(`${usage(command).replace('/', 'tributary ')}\n${command.summary}`),
  {
    kind: 'table',
    columns: [{ label: 'word' }, { label: 'what it is' }],
    rows: command.arguments.map(({ name, required, choices, help, fallback }) => [
      required ? name : `[${name}]`,
      [choices.join(' | '), help, fallback === undefined ? '' : `default ${fallback}`]
        .filter(part => part !== '')
        .join('; '),
    ]),
    note: 'Words go by position or as name=value; rows come from a file as @file.',
  },
]

/** Faults of what was typed, told apart by the exit status. */
const mistyped = new Set([
  'command-unknown',
  'argument-excess',
  'argument-unreadable',
  'argument-missing',
  'confirmation-missing',
  'file-unreadable',
  'input-invalid',
  'rows-unreadable',
])

/**
 * `tributary VERB ...`: calls a verb of the running node and prints what a chat would say, or with --json what it returned.
 * It acts as the user's account of the terminal chat, with --operator as the operator. Returns 0 when it is done, 1 when the
 * node refused it, 2 when it cannot be understood.
 */
export const runVerb = async (
  [name = '', ...given]: readonly string[],
  console: Console = processConsole(),
): Promise<number> => {
  const { flags, words } = readFlags(given)
  const session = openSession({ role: 'member', accountId: null, surface: 'cli' }, console.user)
  try {
    const command = findCommand(commands(), name)
    if (command === undefined)
      throw fault('command-unknown', `There is no command "${name.slice(0, 30)}".`, {
        fix: 'Run tributary help for the list.',
      })
    if (flags.help) {
      for (const reply of helpOf(command)) await print(console, reply)
      return 0
    }
    const user = flags.operator ? undefined : console.user
    const work = (client: TributaryClient) => perform({ client, console, session, flags }, command, words)
    return await withNode(readSettings(console.environment), work, { user })
  } catch (error) {
    if (!isFault(error) || error.blame === 'ours') throw error
    if (error.blame === 'operator') console.errors.write(`${error.message}\n${error.fix}\n`)
    else
      for (const reply of faultReplies(error, randomUUID(), session.say))
        await print(console, reply, console.errors)
    return mistyped.has(error.code) ? 2 : 1
  }
}

interface Work {
  readonly client: TributaryClient
  readonly console: Console
  readonly session: Session
  readonly flags: Flags
}

const perform = async (work: Work, command: Command, words: readonly string[]): Promise<number> => {
  const { client, console, session, flags } = work
  const directory = await readDirectory(client, session)
  const input = await readInput(session, command, words, directory)
  const asked = confirmationOf(session.say, command, input, directory)
  if (asked !== null && !flags.yes) {
    if (console.input.isTTY !== true)
      throw fault('confirmation-missing', asked.question, { fix: 'Add --yes where nobody can be asked.' })
    if (asked.card !== undefined) await print(console, asked.card)
    if (!(await confirmed(console, asked.question))) {
      await print(console, text(session.say.cancelled, 'quiet'))
      return 1
    }
  }
  const output = await callVerb(work, command, input)
  if (flags.json) console.output.write(`${JSON.stringify(output, null, 2)}\n`)
  else for (const reply of repliesTo(command.name, output, session.say)) await print(console, reply)
  return 0
}

/** Calls the verb; a plain question is answered as it is written. */
const callVerb = async (
  { client, console, flags }: Work,
  { name }: Command,
  input: Record<string, unknown>,
): Promise<unknown> => {
  const { model, question, request } = input
  if (name !== 'ask' || flags.json || request !== undefined)
    return client.call(name as VerbName, input as VerbInput<VerbName>)
  const onText = (text: string): void => void print(console, { kind: 'part', text })
  const answer = await client.ask(String(model), String(question), { onText })
  console.output.write('\n')
  return answer
}

const readDirectory = async (client: TributaryClient, session: Session): Promise<Directory> => {
  const { proposals } = await client.call('status', {})
  const models = proposals.flatMap(({ name, release, priceUnits }) =>
    release === null ? [] : [{ name, version: release.version, priceUnits }],
  )
  if (models.length === 1) session.model = models[0]!.name
  return { proposals: proposals.map(({ name }) => name), models, gathering: [] }
}

const readInput = async (
  session: Session,
  command: Command,
  words: readonly string[],
  directory: Directory,
): Promise<Record<string, unknown>> => {
  const defaults = defaultsOf(session, directory)
  const { input, missing } = parseCommand(lineOf(command, words), [command], defaults)
  if (missing.length > 0)
    throw fault(
      'argument-missing',
      `"${command.name}" needs ${missing.map(({ name }) => name).join(', ')}.`,
      {
        fix: `Write it as ${usage(command).replace('/', 'tributary ')}, or look at tributary ${command.name} --help.`,
      },
    )
  for (const { name, kind } of command.arguments) {
    const value = input[name]
    if (typeof value !== 'string') continue
    if (kind === 'rows') input[name] = await rowsFromFile(session, value, { readFile: rowsText })
    else if (isNumber(command.verb, name) && value.trim() !== '' && Number.isFinite(Number(value)))
      input[name] = Number(value)
  }
  const wrong = inputFault(command.verb, input, session.say)
  if (wrong === null) return input
  throw fault('input-invalid', `"${command.name}" cannot take this: ${wrong}.`, {
    fix: `Look at tributary ${command.name} --help.`,
  })
}

/** Whether the node wants a number there, where a chat takes any text that reads as one. */
const isNumber = (verb: Verb, name: string): boolean => {
  const { properties = {} } = inputSchema(verb) as { properties?: Record<string, { type?: unknown }> }
  return ['number', 'integer'].includes(String(properties[name]?.type))
}
