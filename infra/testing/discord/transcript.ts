import { type Seen, seen, visible } from './seen.ts'
import type { ChannelState, World } from './world.ts'

/**
 * A channel as a conversation in plain text: who said what in its last state, buttons as [Label], what people pressed and
 * filled in, and which of it only one person sees. Without times and ids, so that the same story gives the same text.
 */
export const transcript = (world: World, channel: ChannelState, person?: string): string =>
  channel.entries
    .flatMap(entry => {
      if ('act' in entry) return [plain(world, entry.act)]
      const stored = world.messages.get(entry.message)!
      if (stored.deleted && stored.visibleTo === null)
        return [`${stored.message.author.global_name}: (deleted)`]
      if (!visible(stored, person)) return []
      const reader = world.users.get(stored.visibleTo ?? '')?.user.global_name
      return [said(world, seen(stored, world), reader ?? null)]
    })
    .join('\n')

const said = (world: World, message: Seen, reader: string | null): string => {
  const lines = [
    ...(message.loading ? ['…'] : message.text === '' ? [] : plain(world, message.text).split('\n')),
    ...message.attachments.map(({ filename }) => `<${filename}>`),
    ...(message.buttons.length === 0 ? [] : [message.buttons.map(labelled).join(' ')]),
    ...message.selects.map(
      ({ placeholder, options }) =>
        `(${placeholder || 'Choose'}: ${options.map(({ label }) => label).join(' / ')})`,
    ),
    ...(message.reactions.length === 0 ? [] : [message.reactions.join(' ')]),
  ]
  const who = reader === null ? message.author : `${message.author} (only ${reader} sees this)`
  return `${who}: ${lines.join('\n  ')}`
}

const labelled = ({ label, disabled }: Seen['buttons'][number]): string =>
  disabled ? `[${label}: off]` : `[${label}]`

/** Markdown as it looks: names for mentions, no asterisks, no backslashes; code stays as it is. */
const plain = (world: World, text: string): string =>
  text
    .split(/(```[\s\S]*?```|`[^`\n]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : formatted(world, part)))
    .join('')

const formatted = (world: World, text: string): string =>
  text
    .replaceAll(/<@!?(\d+)>/g, (whole, id: string) => {
      const name = world.users.get(id)?.user.global_name
      return name == null ? whole : `@${name}`
    })
    .replaceAll(/<#(\d+)>/g, (whole, id: string) => {
      const channel = world.channels.get(id)
      return channel === undefined ? whole : `#${channel.name}`
    })
    .replaceAll(/(?<!\\)(\*\*|__)/g, '')
    .replaceAll(/^-# /gm, '')
    .replaceAll(/\\([\\*_~`|>#\-[\]().!@<:])/g, '$1')
