import { z } from 'zod'
import type { Effect, Verb } from '../tools/registry.ts'
import { tokensText } from './format.ts'
import type { Reply } from './reply.ts'
import type { Sentences } from './sentences.ts'

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
  /** What its output says, where a surface brings the command and the catalogue has no words for it. */
  tell?(output: unknown, say: Sentences): Reply[]
}

/** Other names of verbs. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  explain: ['why'],
  status: ['models', 'proposals'],
  feedback: ['thumb'],
  deposit: ['topup'],
  account: ['me', 'balance'],
  another: ['compare'],
  takeout: ['mydata'],
  consents: ['licences'],
}

/** Where people say another word than the verb's name: help shows this one. */
const spokenNames: Readonly<Record<string, string>> = { explain: 'why' }

/** Verbs that a surface calls by itself, and those whose outputs are for programs. */
const ownBusiness = new Set(['join', 'notices', 'acknowledge', 'embed', 'bom'])

/** The commands of a surface: one for every verb that a member or anybody may call, in the verbs' order. */
export const commandsOf = (verbs: readonly Verb[]): Command[] =>
  verbs
    .filter(({ who, name }) => (who.includes('member') || who.includes('anyone')) && !ownBusiness.has(name))
    .map(verb => commandOf(verb, verbs))

/** A verb as a command among others. */
export const commandOf = (verb: Verb, among: readonly Verb[] = [verb]): Command => ({
  name: verb.name,
  // A verb of that very name takes precedence over the alias.
  aliases: (aliases[verb.name] ?? []).filter(alias => !among.some(({ name }) => name === alias)),
  summary: verb.summary,
  effect: verb.effect,
  arguments: argumentsOf(verb),
  verb,
})

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
  const isForPeople = ([name, given]: [string, Schema]): boolean =>
    kindOf(given) !== 'record' || given.default !== undefined || schema.required?.includes(name) === true
  // An object that may be left out and has no default is what only programs say.
  const typed = Object.entries(schema.properties ?? {}).filter(isForPeople)
  return typed.map(([name, given]) => {
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
/** The arguments that words go to by position: the required ones, or all where none is. */
export const byPosition = (command: Command): Argument[] => {
  const required = command.arguments.filter(argument => argument.required)
  const typed = required.length > 0 ? required : command.arguments
  return typed.filter(({ kind }) => kind !== 'rows' && kind !== 'record' && kind !== 'yes-no')
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

/** The argument that is wrong first in a whole input. */
export const faultyArgument = (verb: Verb, input: unknown): string | undefined => {
  const name = verb.input.safeParse(input).error?.issues[0]?.path[0]
  return name === undefined ? undefined : String(name)
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
