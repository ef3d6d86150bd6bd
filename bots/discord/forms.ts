import { randomBytes } from 'node:crypto'
import {
  ComponentType,
  type APILabelComponent as Label,
  type APIModalInteractionResponseCallbackData as Modal,
  type ModalSubmitLabelComponent,
  TextInputStyle,
} from 'discord.js'
import type { Argument, Command } from '../commands.ts'
import type { Sentences } from '../sentences.ts'
import { clipped } from './limits.ts'

/** Discord's limits of a form. */
export const formLimits = { fields: 5, label: 45, description: 100, placeholder: 100, value: 4_000 } as const

/** What a form was opened for: kept under its id until it is sent, since Discord gives back nothing but the id. */
export interface Form {
  readonly name: string
  /** Words that were told before the form opened. */
  readonly words: Readonly<Record<string, string>>
  /** The message that is contributed, `channel/message`. */
  readonly source?: string
}

export const newFormId = (): string => randomBytes(12).toString('base64url')

/** A row of its own has a field for each part; their names are no arguments of the verb. */
const QUESTION = 'row.question'
const ANSWER = 'row.answer'

/**
 * What a form asks for: what the command needs and was not told, then what the catalogue has a question for, as far as five
 * fields go. Null where the needed ones are more: the conversation asks for them one by one.
 */
export const formArguments = (
  command: Command,
  words: Readonly<Record<string, string>>,
  say: Sentences,
): Argument[] | null => {
  const open = command.arguments.filter(({ name }) => words[name] === undefined)
  const needed = open.filter(({ required }) => required)
  if (needed.length === 0 || needed.length > formLimits.fields) return null
  const asked = open.filter(
    ({ name, required }) => !required && say.prompts[`${command.name}.${name}`] !== undefined,
  )
  const fitting = new Set([...needed, ...asked.slice(0, formLimits.fields - needed.length)])
  return open.filter(argument => fitting.has(argument))
}

const label = (text: string, description: string, component: Label['component']): Label => ({
  type: ComponentType.Label,
  label: clipped(text, formLimits.label),
  ...(description === '' ? {} : { description: clipped(description, formLimits.description) }),
  component,
})

const named = (name: string): string => {
  const words = name.replace(/([A-Z])/g, ' $1').toLowerCase()
  return words[0]!.toUpperCase() + words.slice(1)
}

const select = (id: string, required: boolean, options: readonly string[]): Label['component'] => ({
  type: ComponentType.StringSelect,
  custom_id: id,
  required,
  min_values: required ? 1 : 0,
  max_values: 1,
  options: options.map(option => ({ label: clipped(option, 100), value: option.slice(0, 100) })),
})

const field = (command: Command, argument: Argument, say: Sentences, gathering: readonly string[]): Label => {
  const { name, kind, required, choices, fallback, help } = argument
  const prompt = say.chatting.prompts[`${command.name}.${name}`] ?? say.prompts[`${command.name}.${name}`]
  const told = (prompt ?? say.prompts[name] ?? help).replace(/ [^.?!]*\bDone\b[^.?!]*[.?!]$/, '')
  if (kind === 'yes-no') return label(named(name), told, select(name, required, ['yes', 'no']))
  if (kind === 'choice' && choices.length <= 25)
    return label(named(name), told, select(name, required, choices))
  if (name === 'proposal' && gathering.length > 0 && gathering.length <= 25)
    return label(named(name), told, select(name, required, gathering))
  return label(named(name), told, {
    type: ComponentType.TextInput,
    custom_id: name,
    style: kind === 'rows' || /purpose|wanted$/i.test(name) ? TextInputStyle.Paragraph : TextInputStyle.Short,
    required,
    max_length: formLimits.value,
    ...(fallback === undefined ? {} : { placeholder: clipped(fallback, formLimits.placeholder) }),
  })
}

/** The form of a command; `gathering` are the models that take rows now. */
export const commandForm = (
  id: string,
  command: Command,
  asked: readonly Argument[],
  say: Sentences,
  gathering: readonly string[],
): Modal => ({
  custom_id: id,
  title: clipped(named(command.name), formLimits.label),
  components: asked.map(argument => field(command, argument, say, gathering)),
})

/** The form that contributes one message: its text stands as the answer already. */
export const messageForm = (
  id: string,
  command: Command,
  content: string,
  say: Sentences,
  gathering: readonly string[],
): Modal => {
  const others = (formArguments(command, {}, say) ?? []).filter(({ kind }) => kind !== 'rows').slice(0, 3)
  const part = (name: string, text: string, value: string): Label =>
    label(text, '', {
      type: ComponentType.TextInput,
      custom_id: name,
      style: TextInputStyle.Paragraph,
      required: true,
      max_length: formLimits.value,
      ...(value === '' ? {} : { value }),
    })
  const answer = [...content].slice(0, formLimits.value).join('')
  return {
    custom_id: id,
    title: 'Contribute this message',
    components: [
      ...others.map(argument => field(command, argument, say, gathering)),
      part(QUESTION, 'Question that the message answers', ''),
      part(ANSWER, 'Answer', answer),
    ],
  }
}

/** The words that a sent form tells, with those told before it opened. */
export const wordsOfForm = (
  form: Form,
  components: readonly unknown[],
  command: Command | undefined,
): Record<string, string> => {
  const told: Record<string, string> = {}
  for (const outer of components as readonly ModalSubmitLabelComponent[]) {
    const filled: unknown = outer.component
    if (typeof filled !== 'object' || filled === null) continue
    const [name, value, values] = ['custom_id', 'value', 'values'].map(
      key => Reflect.get(filled, key) as unknown,
    )
    const [first] = Array.isArray(values) ? (values as unknown[]) : []
    const word = typeof value === 'string' ? value : first
    if (typeof name === 'string' && typeof word === 'string' && word.trim() !== '') told[name] = word
  }
  const { [QUESTION]: question, [ANSWER]: answer, ...words } = told
  const rows = command?.arguments.find(({ kind }) => kind === 'rows')?.name
  if (question !== undefined && answer !== undefined && rows !== undefined)
    words[rows] = JSON.stringify([{ question, answer }])
  return { ...form.words, ...words }
}
