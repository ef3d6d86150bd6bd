import {
  ApplicationCommandType,
  type APIApplicationCommandAutocompleteInteraction as Autocomplete,
  ComponentType,
  InteractionType,
  type APIMessageApplicationCommandInteraction as OnMessage,
  type APIMessageComponentInteraction as Pressed,
  InteractionResponseType as Response,
  type APIModalSubmitInteraction as Sent,
  type APIChatInputApplicationCommandInteraction as Slash,
} from 'discord.js'
import type { Act, Block, View } from '../chat/platform.ts'
import { type Command, findCommand } from '../commands.ts'
import type { Sentences } from '../sentences.ts'
import { lineOf, readOptions } from './command-words.ts'
import type { ContributedMessages } from './contributed-messages.ts'
import { type KnownNames, proposedNames } from './directory.ts'
import { type Attachment, fetchFile } from './files.ts'
import { commandForm, formArguments, messageForm, wordsOfForm } from './forms.ts'
import type { HeardInteraction } from './interaction.ts'
import type { KeptForms } from './kept-forms.ts'
import { discordMarkup } from './markup.ts'
import { messageBody, turnsPages } from './message-body.ts'
import { isHidden } from './privacy.ts'
import { CONTRIBUTE_MESSAGE, SAY } from './slash-commands.ts'
import { words } from './words.ts'

export interface MeaningParts {
  readonly commands: readonly Command[]
  readonly names: KnownNames
  readonly forms: KeptForms
  readonly contributed: ContributedMessages
  /** Names of the commands that open a form where arguments are left out. */
  readonly withForm: ReadonlySet<string>
  say(language: string | undefined): Sentences
  /** Whether a file is to be fetched at all; where not, the person has been told why. */
  admitsFile(by: Pick<HeardInteraction, 'place' | 'person'>): Promise<boolean>
  /** Keeps a file and returns its name in the store. */
  keepFile(bytes: Uint8Array, by: { readonly subject: string; readonly name: string }): Promise<string>
}

/** Why nothing is done, told to the person. */
export type Refusal = Extract<Block, { kind: 'text' }>

/** What a person wants done; the desk answers it. */
export interface Acting {
  readonly kind: 'act'
  readonly hidden: boolean
  /** The message that was pressed on; null for a command. */
  readonly pressed: string | null
  readonly update: boolean
  /** Null where nothing is to be said. */
  act(): Promise<Act | Refusal | null>
  /** Runs once the act is kept, and told for the first time. */
  after?(): Promise<void>
}

/** What an interaction comes to: an act, or an answer at once. */
export type Meaning =
  | Acting
  | { readonly kind: 'now'; readonly response: { readonly type: Response; readonly data: unknown } }

/** Reads what an interaction means; null where this program knows no such thing. */
export const meaningOf = (parts: MeaningParts, heard: HeardInteraction): Meaning | null => {
  const { data } = heard
  switch (data.type) {
    case InteractionType.ApplicationCommandAutocomplete:
      return suggested(parts, data)
    case InteractionType.MessageComponent:
      return pressed(data)
    case InteractionType.ModalSubmit:
      return sent(parts, heard, data)
    case InteractionType.ApplicationCommand:
      if (data.data.type === ApplicationCommandType.ChatInput) return commanded(parts, heard, data as Slash)
      if (data.data.type === ApplicationCommandType.Message && data.data.name === CONTRIBUTE_MESSAGE)
        return onMessage(parts, heard, data as OnMessage)
      return null
    default:
      return null
  }
}

const suggested = ({ names }: MeaningParts, { data }: Autocomplete): Meaning => {
  const typed = data.options?.find(option => 'focused' in option && option.focused === true)
  const { models, proposals, gathering } = names.now()
  const first = data.name === 'contribute' ? gathering : []
  const all = typed?.name === 'model' ? models.map(({ name }) => name) : [...first, ...proposals]
  const found = proposedNames(all, String(typed !== undefined && 'value' in typed ? typed.value : ''))
  const choices = found.map(name => ({ name, value: name }))
  return { kind: 'now', response: { type: Response.ApplicationCommandAutocompleteResult, data: { choices } } }
}

const pressed = ({ data, message }: Pressed): Meaning => {
  // A list's value is the id of the button that it stands for.
  const id = data.component_type === ComponentType.StringSelect ? (data.values[0] ?? '') : data.custom_id
  const labels = (message.components ?? []).flatMap(row =>
    row.type === ComponentType.ActionRow
      ? row.components.flatMap(component =>
          component.type === ComponentType.Button && 'custom_id' in component && component.custom_id === id
            ? [component.label ?? '']
            : [],
        )
      : [],
  )
  return {
    kind: 'act',
    act: async () => ({ kind: 'button', id }),
    hidden: true,
    pressed: message.id,
    update: labels.some(turnsPages),
  }
}

const commanded = (parts: MeaningParts, heard: HeardInteraction, { data }: Slash): Meaning => {
  const { commands, names, forms, withForm, say } = parts
  const { words: told, files } = readOptions(
    data.name,
    data.options ?? [],
    data.resolved?.attachments ?? {},
    commands,
  )
  const plain = { kind: 'act' as const, pressed: null, update: false }
  if (data.name === SAY)
    return {
      ...plain,
      hidden: heard.place.community !== null,
      act: async () => ({ kind: 'line', line: told.line ?? '', addressed: true }),
    }
  const hidden = isHidden(heard, data.name, commands)
  const [file] = files
  if (file !== undefined)
    return { ...plain, hidden, act: () => fileAct(parts, heard, file.attachment, lineOf(data.name, told)) }
  const command = findCommand(commands, data.name)
  const sentences = say(heard.person.language)
  if (command !== undefined && withForm.has(command.name)) {
    const asked = formArguments(command, told, sentences)
    if (asked !== null) {
      const id = forms.keep({ name: command.name, words: told }, heard.person.subject)
      const form = commandForm(id, command, asked, sentences, names.now().gathering)
      return { kind: 'now', response: { type: Response.Modal, data: form } }
    }
  }
  return { ...plain, hidden, act: async () => ({ kind: 'command', name: data.name, words: told }) }
}

const fileAct = async (
  { admitsFile, keepFile }: MeaningParts,
  { fileBytes, place, person }: HeardInteraction,
  attachment: Attachment,
  line: string,
): Promise<Act | null> => {
  if (!(await admitsFile({ place, person }))) return null
  const { name, bytes } = await fetchFile(attachment, fileBytes)
  const owner = { subject: person.subject, name }
  return { kind: 'file', name, sha256: await keepFile(bytes, owner), line, addressed: true }
}

const sent = (parts: MeaningParts, heard: HeardInteraction, { data }: Sent): Meaning => {
  let source: string | undefined
  return {
    kind: 'act',
    hidden: heard.place.community !== null,
    pressed: null,
    update: false,
    act: async () => {
      const form = await parts.forms.find(data.custom_id, heard.person.subject)
      if (form === null) return words.formExpired
      source = form.source
      if (source !== undefined) await parts.contributed.keep(source, heard)
      const told = wordsOfForm(form, data.components, findCommand(parts.commands, form.name))
      return { kind: 'command', name: form.name, words: told }
    },
    after: async () => {
      if (source !== undefined) await parts.contributed.tell(source, heard)
    },
  }
}

const onMessage = (parts: MeaningParts, heard: HeardInteraction, { data }: OnMessage): Meaning | null => {
  const message = data.resolved.messages[data.target_id]
  const command = findCommand(parts.commands, 'contribute')
  if (message === undefined || command === undefined) return null
  const now = (block: Refusal): Meaning => {
    const view: View = { blocks: [block], buttons: [], private: true, final: true }
    const { body } = messageBody(view, discordMarkup, heard.id, 64)
    return { kind: 'now', response: { type: Response.ChannelMessageWithSource, data: body } }
  }
  if (message.author.bot === true) return now(words.notABot)
  if (message.content.trim() === '') return now(words.nothingInIt)
  const source = `${message.channel_id}/${message.id}`
  const id = parts.forms.keep({ name: command.name, words: {}, source }, heard.person.subject)
  const form = messageForm(
    id,
    command,
    message.content,
    parts.say(heard.person.language),
    parts.names.now().gathering,
  )
  return { kind: 'now', response: { type: Response.Modal, data: form } }
}
