import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import type { Effect, Verb } from '../tools/registry.ts'
import { tokensText } from './format.ts'
import { parseRows } from './rows.ts'
import type { Sentences } from './sentences.ts'
import { type Word, wordsOf } from './words.ts'

/** What a person types for an argument: `rows` are questions with answers, `list` is comma-separated. */
export type Kind = 'text' | 'number' | 'yes-no' | 'choice' | 'list' | 'rows' | 'record'

export interface Argument {
  readonly name: string
  readonly kind: Kind
  readonly required: boolean
  readonly choices: readonly string[]
  readonly help: string
  /** What stands where a person says nothing, as they would write it; absent without a default. */
  readonly fallback?: string
}

/** A verb as people call it. */
export interface Command {
  readonly name: string
  readonly aliases: readonly string[]
  readonly summary: string
  readonly effect: Effect
  readonly arguments: readonly Argument[]
  readonly verb: Verb
}

/** Other names of verbs. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  explain: ['why'],
  status: ['models', 'proposals'],
  feedback: ['thumb'],
  deposit: ['topup'],
  account: ['me', 'balance'],
}

/** Where people say another word than the verb's name: help shows this one. */
const spokenNames: Readonly<Record<string, string>> = { explain: 'why' }

/** Verbs that a surface calls by itself. */
const ownBusiness = new Set(['join', 'notices', 'acknowledge'])

/** The commands of a surface: one for every verb that a member or anybody may call, in the verbs' order. */
export const commandsOf = (verbs: readonly Verb[]): Command[] =>
  verbs
    .filter(({ who, name }) => (who.includes('member') || who.includes('anyone')) && !ownBusiness.has(name))
    .map(verb => ({
      name: verb.name,
      // A verb of that very name takes precedence over the alias.
      aliases: (aliases[verb.name] ?? []).filter(alias => !verbs.some(({ name }) => name === alias)),
      summary: verb.summary,
      effect: verb.effect,
      arguments: argumentsOf(verb),
      verb,
    }))

export const findCommand = (commands: readonly Command[], name: string): Command | undefined =>
  commands.find(command => command.name === name || command.aliases.includes(name))

interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  description?: string
  default?: unknown
}

const argumentsOf = (verb: Verb): Argument[] => {
  const schema = z.toJSONSchema(verb.input, { io: 'input', unrepresentable: 'any' }) as Schema
  // A coerced choice does not tell its choices on the way in, only what it becomes does.
  const made = z.toJSONSchema(verb.input, { io: 'output', unrepresentable: 'any' }) as Schema
  return Object.entries(schema.properties ?? {}).map(([name, given]) => {
    const after = made.properties?.[name] ?? {}
    const property =
      choicesOf(given).length === 0 && choicesOf(after).length > 0 ? { ...given, ...after } : given
    return {
      name,
      kind: kindOf(property),
      required: given.default === undefined && (schema.required?.includes(name) ?? false),
      choices: choicesOf(property),
      help: property.description ?? '',
      ...fallbackOf(defaultOf(verb, name)),
    }
  })
}

const schemaOf = (verb: Verb, name: string): z.ZodType | undefined => {
  const schema: unknown = verb.input instanceof z.ZodObject ? Reflect.get(verb.input.shape, name) : undefined
  return schema instanceof z.ZodType ? schema : undefined
}

const defaultOf = (verb: Verb, name: string): unknown => schemaOf(verb, name)?.safeParse(undefined).data

// Amounts are the only defaults that are bigint: schemas turn tokens into smallest units.
const fallbackOf = (value: unknown): { fallback?: string } => {
  if (typeof value === 'bigint') return { fallback: tokensText(value.toString()).replaceAll(',', '') }
  if (Array.isArray(value)) return { fallback: value.join(', ') }
  return typeof value === 'string' || typeof value === 'number' ? { fallback: String(value) } : {}
}

const choicesOf = (schema: Schema): string[] => {
  const values = schema.enum ?? schema.anyOf?.map(option => option.const) ?? []
  return values.filter(value => value !== undefined && value !== null).map(String)
}

const kindOf = (schema: Schema): Kind => {
  const type = Array.isArray(schema.type) ? schema.type.find(name => name !== 'null') : schema.type
  if (choicesOf(schema).length > 0) return 'choice'
  if (type === 'number' || type === 'integer') return 'number'
  if (type === 'boolean') return 'yes-no'
  if (type === 'array') return schema.items?.properties === undefined ? 'list' : 'rows'
  return type === 'object' ? 'record' : 'text'
}

/** What words may be left out, because the conversation says them: `/ask What is a nuc?` means the current model. */
export interface Defaults {
  /** Whether a word is a value of that argument (a known model's name, an answer's id). */
  known(argument: string, word: string): boolean
  /** The value where the word is left out. */
  value(argument: string): string | undefined
}

export const noDefaults: Defaults = { known: () => false, value: () => undefined }

export interface ParsedLine {
  readonly command: Command
  /** The verb's input as far as the line told it; not validated yet. */
  readonly input: Record<string, unknown>
  /** Required arguments the line did not tell. */
  readonly missing: readonly Argument[]
}

/**
 * Reads `/vote beekeeping yes` or `/pledge proposal=beekeeping tokens=5`: words by position or by `name=value`, quotes
 * around words with spaces; the last text argument takes the rest of the line as it stands.
 * Throws `command-unknown`, `argument-excess` and `argument-unreadable`.
 */
export const parseCommand = (
  line: string,
  commands: readonly Command[],
  defaults: Defaults = noDefaults,
): ParsedLine => {
  const [head, ...words] = wordsOf(line.trim().replace(/^\//, ''))
  const command = findCommand(commands, head?.text.toLowerCase() ?? '')
  if (command === undefined)
    throw fault('command-unknown', `There is no command "/${(head?.text ?? '').slice(0, 30)}".`, {
      fix: 'Type /help for the list.',
    })
  const input = readWords(line.trim().replace(/^\//, ''), words, command, defaults)
  for (const { name, required } of command.arguments) {
    const value = input[name] === undefined && required ? defaults.value(name) : undefined
    if (value !== undefined) input[name] = value
  }
  const missing = command.arguments.filter(({ name, required }) => required && input[name] === undefined)
  return { command, input, missing }
}

const byPosition = (command: Command): Argument[] => {
  const required = command.arguments.filter(argument => argument.required)
  const typed = required.length > 0 ? required : command.arguments
  return typed.filter(({ kind }) => kind !== 'rows' && kind !== 'record' && kind !== 'yes-no')
}

const readWords = (
  line: string,
  words: readonly Word[],
  command: Command,
  defaults: Defaults,
): Record<string, unknown> => {
  const input: Record<string, unknown> = {}
  const open = byPosition(command)
  const last = open.at(-1)
  // Free text after something else takes the rest of the line, quotes, equals signs and all.
  const takesRest = (argument: Argument) => argument === last && open.length > 1 && argument.kind === 'text'
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const named = command.arguments.find(({ name }) => name.toLowerCase() === word.name?.toLowerCase())
    if (named !== undefined) {
      const rest = takesRest(named) && !word.quoted
      input[named.name] = readValue(named, rest ? line.slice(word.valueStart).trim() : word.value)
      if (rest) break
      continue
    }
    const unset = open.filter(argument => input[argument.name] === undefined)
    const argument = unset.find(argument => fits(argument, word.text, defaults)) ?? unset[0]
    if (argument === undefined)
      throw fault(
        'argument-excess',
        `"/${command.name}" does not know what to do with "${word.text.slice(0, 60)}".`,
        {
          fix: `Write it as ${usage(command)}.`,
        },
      )
    const only = words.length === at + 1 && word.quoted
    const rest = takesRest(argument) && !only
    input[argument.name] = readValue(argument, rest ? line.slice(word.start).trim() : word.text)
    if (rest) break
  }
  return input
}

/** Whether a word is meant for an argument, and not for a later one because the conversation says this one already. */
const fits = (argument: Argument, word: string, defaults: Defaults): boolean => {
  if (defaults.known(argument.name, word)) return true
  if (defaults.value(argument.name) !== undefined) return false
  return argument.kind !== 'choice' || choiceOf(argument, word) !== undefined
}

const yes = /^(y|yes|true|1|ok)$/i
const no = /^(n|no|false|0)$/i
const spoken: Readonly<Record<string, string>> = {
  up: '1',
  '+1': '1',
  '👍': '1',
  down: '-1',
  '👎': '-1',
  y: 'yes',
  n: 'no',
}

const choiceOf = (argument: Argument, text: string): string | undefined => {
  const word = text.trim().toLowerCase()
  return argument.choices.find(option => [word, spoken[word]].includes(option.toLowerCase()))
}

/** Turns what a person typed into the argument's value; the verb's schema judges it later. Throws `argument-unreadable`. */
export const readValue = (argument: Argument, text: string): unknown => {
  const unreadable = (wanted: string) =>
    fault('argument-unreadable', `"${text.slice(0, 60)}" cannot be the ${argument.name}.`, {
      fix: `Write ${wanted}.`,
    })
  switch (argument.kind) {
    case 'number':
      if (text.trim() === '' || !Number.isFinite(Number(text))) throw unreadable('a number, such as 10')
      return Number(text)
    case 'yes-no':
      if (yes.test(text.trim())) return true
      if (no.test(text.trim())) return false
      throw unreadable('yes or no')
    case 'choice': {
      const choice = choiceOf(argument, text)
      if (choice === undefined) throw unreadable(argument.choices.join(' or '))
      return /^-?\d+$/.test(choice) ? Number(choice) : choice
    }
    case 'list':
      return text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== '')
    case 'rows':
      // `@path` names a file; only the surface knows whether it may read one.
      return text.startsWith('@') ? text : parseRows(text)
    case 'record':
      return readRecord(text, unreadable)
    case 'text':
      return text
  }
}

const readRecord = (text: string, unreadable: (wanted: string) => Error): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable('a JSON object')
  }
}

/** How a command is written: `/pledge <proposal> <tokens>`. */
export const usage = (command: Command): string =>
  [
    `/${spokenNames[command.name] ?? command.name}`,
    // A verb with many optional words is shown with the first; the rest go by name.
    ...byPosition(command)
      .filter(({ required }, at) => required || at === 0)
      .map(({ name, required, choices }) => {
        const word = choices.length > 0 ? choices.join('|') : name
        return required ? `<${word}>` : `[${word}]`
      }),
  ].join(' ')

/** Says what is wrong with one value, or null. Values the schema does not know on their own are judged at the call. */
export const faultOf = (
  command: Command,
  argument: Argument,
  value: unknown,
  say: Sentences,
): string | null => {
  const [issue] = schemaOf(command.verb, argument.name)?.safeParse(value).error?.issues ?? []
  return issue === undefined ? null : issueText(issue, say)
}

/** Says what is wrong with a whole input, at most three things of it, or null where the verb would take it. */
export const inputFault = (verb: Verb, input: unknown, say: Sentences): string | null => {
  const issues = verb.input.safeParse(input).error?.issues ?? []
  return issues.length === 0
    ? null
    : issues
        .slice(0, 3)
        .map(issue => issueText(issue, say))
        .join('; ')
}

const issueText = (issue: z.core.$ZodIssue, say: Sentences): string => {
  const place = issue.path.map(part =>
    typeof part === 'number'
      ? say.row(part + 1)
      : String(part)
          .replace(/([A-Z])/g, ' $1')
          .toLowerCase(),
  )
  return `${place.length === 0 ? '' : `${place.join(', ')}: `}${say.issue(issue)}`
}
