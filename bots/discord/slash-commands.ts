import {
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type APIApplicationCommandBasicOption as Option,
  ApplicationCommandOptionType as OptionType,
  PermissionFlagsBits,
  type RESTPostAPIApplicationCommandsJSONBody as SlashCommand,
} from 'discord.js'
import { adminCommands, ownCommands } from '../chat/own-commands.ts'
import { type Argument, type Command, findCommand } from '../commands.ts'
import { clipped } from './limits.ts'

/** Discord's limits of commands, in code points and entries. */
export const commandLimits = { name: 32, description: 100, options: 25, choices: 25, commands: 100 } as const

/** What the message context menu shows. */
export const CONTRIBUTE_MESSAGE = 'Contribute this message'

/** Commands of the chat itself, beside the verbs. */
export const SAY = 'say'

/** An option's name: Discord takes no capitals, so `dataWanted` is `data-wanted`. */
export const optionName = (argument: string): string =>
  argument.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`).slice(0, commandLimits.name)

/** Arguments that the conversation knows where a person leaves them out. */
const known = new Set(['model', 'proposal', 'answer'])
/** Arguments whose values are proposed while a person types. */
const proposed = new Set(['model', 'proposal'])

const everywhere = {
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
  integration_types: [ApplicationIntegrationType.GuildInstall],
}
const inServers = { ...everywhere, contexts: [InteractionContextType.Guild] }

const described = (text: string, fallback: string): string =>
  clipped(text.trim() === '' ? fallback : text, commandLimits.description)

const optionOf = (argument: Argument, form: boolean): Option => {
  const { name, kind, choices, help, fallback } = argument
  const told = fallback === undefined ? help : `${help} (${fallback} if left out)`.trim()
  const base = {
    name: optionName(name),
    description: described(told, optionName(name).replaceAll('-', ' ')),
    required: argument.required && !form && !known.has(name),
  }
  if (kind === 'rows')
    return { ...base, type: OptionType.Attachment, description: 'a file with the rows', required: false }
  if (kind === 'yes-no') return { ...base, type: OptionType.Boolean }
  if (kind === 'number') return { ...base, type: OptionType.Number }
  if (kind === 'choice' && choices.length <= commandLimits.choices)
    return {
      ...base,
      type: OptionType.String,
      choices: choices.map(choice => ({ name: clipped(choice, 100), value: choice.slice(0, 100) })),
    }
  return { ...base, type: OptionType.String, ...(proposed.has(name) ? { autocomplete: true } : {}) }
}

const slash = (command: Command, name: string, form: boolean): SlashCommand => {
  const options = command.arguments.slice(0, commandLimits.options).map(argument => optionOf(argument, form))
  return {
    ...everywhere,
    type: ApplicationCommandType.ChatInput,
    name: name.toLowerCase().slice(0, commandLimits.name),
    description: described(command.summary, name),
    // Discord wants the required ones first.
    options: [...options.filter(({ required }) => required), ...options.filter(({ required }) => !required)],
  }
}

const own = (name: string, description: string, options: Option[] = []): SlashCommand => ({
  ...everywhere,
  type: ApplicationCommandType.ChatInput,
  name,
  description,
  options,
})

const string = { type: OptionType.String as const }

/** Commands of the conversation itself, which are no verbs. */
const spoken: readonly SlashCommand[] = [
  own('help', 'List the commands, or explain one.', [
    { ...string, name: 'command', description: 'the command to explain' },
  ]),
  own('model', 'Choose the model that your questions go to.', [
    { ...string, name: 'model', description: 'its name', autocomplete: true },
  ]),
  own('cancel', 'Stop what you were asked for. Nothing is sent.'),
  own(SAY, 'Say something: a question, a command, or the answer to what you were asked.', [
    { ...string, name: 'line', description: 'what you say', required: true },
  ]),
]

/** Roles that one command can name; Discord has no option for a list of them. */
const ROLE_OPTIONS = 5

/** A command of the chats, where Discord lets people pick channels, roles and members instead of typing them. */
const picking = (command: Command): SlashCommand => {
  const made = slash(command, command.name, false)
  const options = (made as { options?: Option[] }).options ?? []
  const picked = options.flatMap((option): Option[] => {
    const { name, description, required } = option
    const base = { name, description, required: required ?? false }
    if (name === 'channel') return [{ ...base, type: OptionType.Channel }]
    if (name === 'person') return [{ ...base, type: OptionType.User }]
    if (name !== 'roles') return [option]
    return Array.from({ length: ROLE_OPTIONS }, (_, at) => ({
      ...base,
      type: OptionType.Role,
      name: at === 0 ? name : `${name}-${at + 1}`,
    }))
  })
  const whole = { ...made, options: picked }
  if (!adminCommands.has(command.name)) return whole
  return { ...whole, ...inServers, default_member_permissions: PermissionFlagsBits.ManageGuild.toString() }
}

/**
 * The commands as Discord registers them: one for every verb and alias "why", those of the chat itself, and the context menu.
 * `forms` are the commands that open a form where arguments are left out.
 */
export const slashCommands = (commands: readonly Command[], forms: ReadonlySet<string>): SlashCommand[] => {
  const why = findCommand(commands, 'why')
  const verbs = commands.map(command => slash(command, command.name, forms.has(command.name)))
  const aliases = why === undefined || why.name === 'why' ? [] : [slash(why, 'why', false)]
  const taken = new Set([...verbs, ...aliases].map(({ name }) => name))
  const others = [...spoken, ...ownCommands.map(picking)].filter(({ name }) => !taken.has(name))
  const menu: SlashCommand[] = commands.some(({ name }) => name === 'contribute')
    ? [{ ...inServers, type: ApplicationCommandType.Message, name: CONTRIBUTE_MESSAGE }]
    : []
  return [...verbs, ...aliases, ...others, ...menu]
}
