import { MessageType } from 'discord.js'
import { z } from 'zod'
import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import type { Incoming } from '../chat/platform.ts'
import { fetchFile } from './files.ts'
import { timeOf } from './interaction.ts'

const told = z.looseObject({
  id: z.string().regex(/^\d+$/),
  channel_id: z.string(),
  guild_id: z.string().optional(),
  type: z.number(),
  content: z.string(),
  author: z.looseObject({
    id: z.string(),
    username: z.string(),
    global_name: z.string().nullish(),
    bot: z.boolean().optional(),
  }),
  webhook_id: z.string().optional(),
  member: z.looseObject({ nick: z.string().nullish(), roles: z.array(z.string()) }).optional(),
  mentions: z.array(z.looseObject({ id: z.string(), username: z.string() })),
  attachments: z.array(z.looseObject({ filename: z.string(), size: z.number(), url: z.string() })),
})
type Told = z.output<typeof told>

/** Files of one message; Discord takes no more. */
const MOST_FILES = 10
/** Bytes of a file that a person may send without paying Discord. */
const FILE_BYTES = 10 * 1024 * 1024

const written: readonly number[] = [MessageType.Default, MessageType.Reply]

export interface MessageParts {
  readonly log: Log
  botId(): string
  /** Whether a member with these roles may manage the server. */
  manages(guild: string, subject: string, roles: readonly string[]): boolean
  receive(incoming: Incoming): Promise<'new' | 'known'>
  keepFile(bytes: Uint8Array): Promise<string>
}

/**
 * Hands on what people write to the bot: everything in a private chat, in a server what mentions it. What programs write is
 * not heard, its own words neither, so that no two of them talk without end.
 */
export const openHeardMessages = (parts: MessageParts) => {
  // What follows a file waits for it: fetching takes longer than the next line.
  const lanes = new Map<string, Promise<void>>()
  return async (raw: unknown): Promise<void> => {
    const read = told.safeParse(raw)
    if (!read.success) return parts.log.warn('discord.malformed', { on: 'MESSAGE_CREATE' })
    const message = read.data
    const { author, webhook_id, guild_id, mentions } = message
    if (author.bot === true || webhook_id !== undefined || !written.includes(message.type)) return
    if (guild_id !== undefined && !mentions.some(({ id }) => id === parts.botId())) return
    const lane = `${message.channel_id}/${author.id}`
    const done = (lanes.get(lane) ?? Promise.resolve()).then(() => handOn(parts, message))
    lanes.set(lane, done)
    await done
    if (lanes.get(lane) === done) lanes.delete(lane)
  }
}

const handOn = async (parts: MessageParts, message: Told): Promise<void> => {
  const line = lineOf(message, parts.botId())
  const files = message.attachments.slice(0, MOST_FILES)
  // A mention alone asks what there is to say.
  const said = line === '' && message.guild_id !== undefined ? '/help' : line
  if (files.length === 0)
    return hand(parts, incomingOf(parts, message, { kind: 'line', line: said, addressed: true }))
  for (const [at, attachment] of files.entries()) {
    const act = await fileAct(parts, attachment, at === 0 ? line : '')
    // Each file is an update of its own: two files are two answers.
    const incoming = incomingOf(parts, message, act)
    await hand(parts, at === 0 ? incoming : { ...incoming, key: `${message.id}/${at}` })
  }
}

const fileAct = async (
  { keepFile, log }: MessageParts,
  attachment: Told['attachments'][number],
  line: string,
): Promise<Incoming['act']> => {
  try {
    const { name, bytes } = await fetchFile(attachment, FILE_BYTES)
    return { kind: 'file', name, sha256: await keepFile(bytes), line }
  } catch (error) {
    log.warn('discord.file-not-kept', { code: isFault(error) ? error.code : 'unknown' })
    // Without its file the person hears what to send, not silence.
    return { kind: 'line', line: line === '' ? '/help contribute' : line, addressed: true }
  }
}

const hand = async ({ receive, log }: MessageParts, incoming: Incoming): Promise<void> => {
  for (let left = 3; ; left--)
    try {
      await receive(incoming)
      return
    } catch (error) {
      if (left > 0 && isFault(error) && error.retry) continue
      log.error('discord.not-kept', { message: incoming.key, code: isFault(error) ? error.code : 'unknown' })
      return
    }
}

const incomingOf = (parts: MessageParts, message: Told, act: Incoming['act']): Incoming => {
  const { id, channel_id, guild_id, author, member } = message
  const roles = member?.roles ?? []
  return {
    key: id,
    order: id,
    place: { platform: 'discord', chat: channel_id, community: guild_id ?? null },
    person: {
      subject: author.id,
      name: member?.nick ?? author.global_name ?? author.username,
      roles,
      admin: guild_id !== undefined && parts.manages(guild_id, author.id, roles),
    },
    at: timeOf(id),
    act,
    answerTo: { message: id },
  }
}

/** What was written, without the mention of the bot and with names where others are mentioned. */
const lineOf = ({ content, mentions }: Told, botId: string): string =>
  content
    .replace(/<@!?(\d+)>/g, (_, id: string) =>
      id === botId ? '' : `@${mentions.find(mention => mention.id === id)?.username ?? 'somebody'}`,
    )
    .trim()
