import {
  type APIAttachment,
  type APIMessage,
  GatewayDispatchEvents as Events,
  MessageFlags,
  MessageType,
} from 'discord-api-types/v10'
import { type Component, numbered } from './component-tree.ts'
import { apiMember } from './encode.ts'
import { checkMessage } from './limits.ts'
import { archivedThread, missingPermissions, tooLarge } from './rejection.ts'
import type { ChannelState, MessageBody, StoredMessage, UploadedFile, World } from './world.ts'

/** Bytes of all files of one message that a bot may upload without a boosted server. */
export const UPLOAD_BYTES = 10 * 1024 * 1024
/** How long an attachment's URL works. */
const URL_SECONDS = 24 * 3_600

/** Who writes, and how: through an interaction's webhook, visible to one person, answering another message. */
export interface Posting {
  readonly author: string
  readonly body: MessageBody
  readonly files?: readonly UploadedFile[]
  readonly visibleTo?: string | null
  readonly interaction?: APIMessage['interaction_metadata']
  readonly loading?: boolean
  readonly viaWebhook?: boolean
}

const SETTABLE =
  MessageFlags.SuppressEmbeds | MessageFlags.SuppressNotifications | MessageFlags.IsComponentsV2

export const post = (world: World, channel: ChannelState, posting: Posting): StoredMessage => {
  const { author, body, files = [], visibleTo = null } = posting
  const bot = author === world.bot.id
  if (bot && channel.forbidden) throw missingPermissions()
  if (channel.locked && bot) throw archivedThread()
  const settable = (body.flags ?? 0) & SETTABLE
  if (posting.loading !== true) checkMessage(body, files.length, settable)
  channel.archived = false
  const flags =
    settable |
    (visibleTo === null ? 0 : MessageFlags.Ephemeral) |
    (posting.loading === true ? MessageFlags.Loading : 0)
  const { user } = world.users.get(author)!
  const answered = world.messages.get(body.message_reference?.message_id ?? '')
  const message: APIMessage = {
    id: world.id(),
    channel_id: channel.id,
    author: user,
    type: posting.interaction
      ? MessageType.ChatInputCommand
      : answered === undefined
        ? MessageType.Default
        : MessageType.Reply,
    timestamp: world.now(),
    edited_timestamp: null,
    tts: false,
    pinned: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    content: '',
    embeds: [],
    attachments: [],
    components: [],
    flags,
    ...(posting.interaction ? { interaction_metadata: posting.interaction } : {}),
    ...(bot ? { application_id: world.applicationId } : {}),
    ...(posting.viaWebhook === true ? { webhook_id: world.applicationId } : {}),
    ...(body.nonce === undefined || body.nonce === null ? {} : { nonce: body.nonce }),
    ...(answered === undefined
      ? {}
      : {
          message_reference: { type: 0, message_id: answered.message.id, channel_id: channel.id },
          referenced_message: answered.message,
        }),
  }
  const stored: StoredMessage = { message, visibleTo, pings: [], deleted: false }
  fill(world, stored, body, files)
  if (answered !== undefined && (body.allowed_mentions?.replied_user ?? !bot))
    stored.pings.push(answered.message.author.id)
  world.messages.set(message.id, stored)
  channel.messages.push(stored)
  channel.entries.push({ message: message.id })
  announce(world, channel, stored, Events.MessageCreate)
  world.activity.tell({ kind: 'message', channel: channel.id, message })
  return stored
}

/** Changes what a body names and leaves the rest; the first edit of a message that was still loading fills it. */
export const edit = (
  world: World,
  stored: StoredMessage,
  body: MessageBody,
  files: readonly UploadedFile[] = [],
): void => {
  const { message } = stored
  const kept = keptFiles(message, body)
  const flags = (message.flags ?? 0) | ((body.flags ?? 0) & SETTABLE)
  const after: MessageBody = {
    ...body,
    content: body.content === undefined ? message.content : body.content,
    embeds: body.embeds === undefined ? message.embeds : body.embeds,
    components: body.components === undefined ? (message.components ?? []) : body.components,
  }
  checkMessage(after, kept.length + files.length, flags)
  const loading = (flags & MessageFlags.Loading) !== 0
  message.flags = (flags & ~MessageFlags.Loading) as MessageFlags
  if (!loading) message.edited_timestamp = world.now()
  fill(world, stored, after, files, kept)
  const channel = world.channels.get(message.channel_id)!
  announce(world, channel, stored, Events.MessageUpdate)
  world.activity.tell({ kind: 'edit', channel: channel.id, message })
}

export const remove = (world: World, stored: StoredMessage): void => {
  const { message } = stored
  const channel = world.channels.get(message.channel_id)!
  stored.deleted = true
  for (const { id } of message.attachments) world.files.get(id)!.gone = true
  if (stored.visibleTo === null)
    world.dispatch(
      Events.MessageDelete,
      { id: message.id, channel_id: channel.id, ...guildPart(channel) },
      channel,
    )
  world.activity.tell({ kind: 'delete', channel: channel.id, message })
}

const fill = (
  world: World,
  stored: StoredMessage,
  body: MessageBody,
  files: readonly UploadedFile[],
  kept: readonly APIAttachment[] = [],
): void => {
  const { message } = stored
  if (files.reduce((sum, { bytes }) => sum + bytes.length, 0) > UPLOAD_BYTES) throw tooLarge()
  message.content = body.content ?? ''
  message.embeds = structuredClone([...(body.embeds ?? [])])
  message.components = numbered((body.components ?? []) as readonly Component[]) as NonNullable<
    APIMessage['components']
  >
  message.attachments = [...kept, ...files.map(file => store(world, message.channel_id, file, body))]
  const allowed = body.allowed_mentions
  const named = [...message.content.matchAll(/<@!?(\d+)>/g)].map(([, id]) => id!)
  const people = [...new Set(named)].filter(
    id => allowed == null || allowed.parse?.some(kind => kind === 'users') || allowed.users?.includes(id),
  )
  message.mentions = people.flatMap(id => world.users.get(id)?.user ?? [])
  message.mention_everyone =
    /@(everyone|here)\b/.test(message.content) &&
    (allowed == null || allowed.parse?.some(kind => kind === 'everyone') === true)
  stored.pings = [...message.mentions.map(({ id }) => id), ...(message.mention_everyone ? ['everyone'] : [])]
}

/** Keeps a file and describes it as an attachment; its URL expires by the world's clock. */
export const store = (
  world: World,
  channelId: string,
  file: UploadedFile,
  body: MessageBody = {},
): APIAttachment => {
  const id = world.id()
  const index = /\[(\d+)\]$/.exec(file.field)?.[1]
  const told = body.attachments?.find(attachment => String(attachment.id) === index)
  const name = (told?.filename ?? file.name).replaceAll(/[^\w.-]/g, '_') || 'file'
  const path = `/cdn/attachments/${channelId}/${id}/${name}`
  world.files.set(id, { path, name, type: file.type, bytes: file.bytes, gone: false })
  const expires = Math.floor(world.clock.now().getTime() / 1000) + URL_SECONDS
  const url = `${world.origin()}${path}?ex=${expires.toString(16)}`
  return {
    id,
    filename: name,
    size: file.bytes.length,
    url,
    proxy_url: url,
    content_type: file.type,
    ...(told?.description === undefined ? {} : { description: told.description }),
  }
}

const keptFiles = (message: APIMessage, body: MessageBody): APIAttachment[] =>
  body.attachments == null
    ? message.attachments
    : message.attachments.filter(({ id }) => body.attachments!.some(kept => String(kept.id) === id))

const guildPart = (channel: ChannelState): { guild_id?: string } =>
  channel.guildId === null ? {} : { guild_id: channel.guildId }

/** Tells the gateway, except of what only one person sees. */
const announce = (
  world: World,
  channel: ChannelState,
  stored: StoredMessage,
  event: Events.MessageCreate | Events.MessageUpdate,
): void => {
  if (stored.visibleTo !== null) return
  const { message } = stored
  const guild = world.guilds.get(channel.guildId ?? '')
  const { user: _, ...member } =
    guild?.members.has(message.author.id) === true
      ? apiMember(world, guild, message.author.id)
      : { user: null }
  const placed = { ...message, channel_type: channel.type }
  world.dispatch(event, guild === undefined ? placed : { ...placed, ...guildPart(channel), member }, channel)
}

/** What the bot may read of a message: all of it only in private chats, where it is mentioned, its own, or with the intent. */
export const asReadByBot = (world: World, message: APIMessage, mayReadAll: boolean): APIMessage => {
  const channel = world.channels.get(message.channel_id)
  const open =
    mayReadAll ||
    channel?.guildId == null ||
    message.author.id === world.bot.id ||
    message.mentions.some(({ id }) => id === world.bot.id)
  return open ? message : { ...message, content: '', embeds: [], attachments: [], components: [] }
}
