import {
  type APIAttachment,
  type APIApplicationCommandInteractionDataOption as Given,
  ApplicationCommandOptionType as OptionType,
} from 'discord.js'
import { type Command, findCommand } from '../commands.ts'
import { optionName } from './slash-commands.ts'

/** What a slash command told. */
export interface Told {
  readonly words: Readonly<Record<string, string>>
  /** Files by the argument they are for. */
  readonly files: readonly { readonly argument: string; readonly attachment: APIAttachment }[]
}

/** Reads the options of a slash command as the words a person would have typed. */
export const readOptions = (
  name: string,
  options: readonly Given[],
  attachments: Readonly<Record<string, APIAttachment>>,
  commands: readonly Command[],
): Told => {
  const command = findCommand(commands, name)
  const words: Record<string, string> = {}
  const files: { argument: string; attachment: APIAttachment }[] = []
  for (const option of options) {
    if (!('value' in option)) continue
    const plain = option.name.replace(/-\d+$/, '')
    const argument =
      command?.arguments.find(known => optionName(known.name) === option.name)?.name ??
      command?.arguments.find(known => known.kind === 'list' && optionName(known.name) === plain)?.name ??
      option.name
    const value = String(option.value)
    if (option.type === OptionType.Attachment) {
      const attachment = attachments[value]
      if (attachment !== undefined) files.push({ argument, attachment })
    } else if (option.type === OptionType.Boolean) words[argument] = option.value ? 'yes' : 'no'
    else words[argument] = words[argument] === undefined ? value : `${words[argument]}, ${value}`
  }
  return { words, files }
}

/** A command as a line: what a person would have typed with a file. */
export const lineOf = (name: string, words: Readonly<Record<string, string>>): string =>
  [
    `/${name}`,
    ...Object.entries(words).map(([argument, word]) => `${argument}="${word.replace(/["\\]/g, '\\$&')}"`),
  ].join(' ')
