import {
  type APIAttachment,
  type APIEmbed,
  type APIMessage,
  ComponentType,
  MessageFlags,
} from 'discord-api-types/v10'
import { type Component, isSelect, type Option, walk } from './component-tree.ts'
import type { StoredMessage, World } from './world.ts'

export interface SeenButton {
  /** What is written on it; an emoji alone where there is no label. */
  readonly label: string
  readonly customId: string | null
  readonly url: string | null
  readonly disabled: boolean
}

export interface SeenSelect {
  readonly customId: string
  readonly placeholder: string
  readonly options: readonly Option[]
}

/** A message as a person sees it. */
export interface Seen {
  readonly id: string
  readonly channel: string
  readonly author: string
  /** Whether the bot wrote it. */
  readonly byBot: boolean
  readonly content: string
  /** Everything there is to read in it: content, embeds, text displays. */
  readonly text: string
  readonly embeds: readonly APIEmbed[]
  readonly buttons: readonly SeenButton[]
  readonly selects: readonly SeenSelect[]
  readonly attachments: readonly APIAttachment[]
  readonly reactions: readonly string[]
  /** Only its addressee sees it. */
  readonly ephemeral: boolean
  readonly edited: boolean
  /** The bot is still thinking. */
  readonly loading: boolean
  /** Ids of people it notified; `everyone` for the whole channel. */
  readonly pings: readonly string[]
  readonly raw: APIMessage
}

export const seen = ({ message, visibleTo, pings }: StoredMessage, world: World): Seen => {
  const parts = walk(message.components as readonly Component[]).map(({ component }) => component)
  return {
    id: message.id,
    channel: message.channel_id,
    author: message.author.global_name ?? message.author.username,
    byBot: message.author.id === world.bot.id,
    content: message.content,
    text: readable(message, parts),
    embeds: message.embeds,
    buttons: parts.filter(({ type }) => type === ComponentType.Button).map(button),
    selects: parts.filter(isSelect).map(select),
    attachments: message.attachments,
    reactions: (message.reactions ?? []).map(({ emoji }) => emoji.name ?? ''),
    ephemeral: visibleTo !== null,
    edited: message.edited_timestamp !== null,
    loading: ((message.flags ?? 0) & MessageFlags.Loading) !== 0,
    pings: [...pings],
    raw: structuredClone(message),
  }
}

const button = ({ label, emoji, custom_id, url, disabled }: Component): SeenButton => ({
  label: label ?? emoji?.name ?? '',
  customId: custom_id ?? null,
  url: url ?? null,
  disabled: disabled ?? false,
})

const select = ({ custom_id, placeholder, options }: Component): SeenSelect => ({
  customId: custom_id ?? '',
  placeholder: placeholder ?? '',
  options: options ?? [],
})

const readable = ({ content, embeds }: APIMessage, parts: readonly Component[]): string =>
  [
    content,
    ...embeds.flatMap(embed => [
      embed.title,
      embed.description,
      ...(embed.fields ?? []).map(({ name, value }) => `${name}: ${value}`),
      embed.footer?.text,
    ]),
    ...parts.filter(({ type }) => type === ComponentType.TextDisplay).map(part => part.content),
  ]
    .filter(text => text !== undefined && text !== '')
    .join('\n')

/** Whether a person may see a message: not deleted, and addressed to everybody or to them. Nobody in particular sees all. */
export const visible = ({ deleted, visibleTo }: StoredMessage, person?: string): boolean =>
  !deleted && (visibleTo === null || person === undefined || visibleTo === person)
