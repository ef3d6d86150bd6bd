import { MessageType } from 'discord.js'
import { z } from 'zod'
import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import type { Incoming } from '../chat/platform.ts'
import { fetchFile } from './files.ts'
import { timeOf } from './interaction.ts'
import { type Said, words } from './words.ts'

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
  referenced_message: z.looseObject({ author: z.looseObject({ id: z.string() }) }).nullish(),
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
  /** Whether a file is to be fetched at all; where not, the person has been told why. */
  admitsFile(by: Pick<Incoming, 'place' | 'person'>): Promise<boolean>
  /** Keeps a file and returns its name in the store. */
  keepFile(bytes: Uint8Array, by: { readonly subject: string; readonly name: string }): Promise<string>
  /** Says something under a message of theirs; `key` names it. */
  remark(
    to: { readonly channel: string; readonly message: string; readonly key: string },
    said: Said,
  ): Promise<void>
  /** Waits between tries to keep something; ends early, without an error, when the bot stops. */
  wait(milliseconds: number): Promise<void>
  /** Milliseconds. */
  now(): number
}

/** Waits between tries to keep what somebody wrote: a database that restarts is back within a minute. */
const WAITS = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]
/** Milliseconds that a message may wait to be kept, those before it included. */
const PATIENCE_MS = WAITS.reduce((sum, wait) => sum + wait)

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
    const heardAt = parts.now()
    const lane = `${message.channel_id}/${author.id}`
    const done = (lanes.get(lane) ?? Promise.resolve()).then(() => handOn(parts, message, heardAt))
    // One message that cannot be read keeps no later one of that person from being heard.
    const settled = done.catch(() => {})
    lanes.set(lane, settled)
    await done.finally(() => {
      if (lanes.get(lane) === settled) lanes.delete(lane)
    })
  }
}

const handOn = async (parts: MessageParts, message: Told, heardAt: number): Promise<void> => {
  const line = lineOf(message, parts.botId())
  const files = message.attachments.slice(0, MOST_FILES)
  // A mention alone asks what there is to say.
  const said = line === '' && message.guild_id !== undefined ? '/help' : line
  if (files.length === 0)
    return hand(parts, message, message.id, heardAt, async () => ({
      kind: 'line',
      line: said,
      addressed: true,
    }))
  // Each file is an update of its own: two files are two answers.
  for (const [at, attachment] of files.entries())
    await hand(parts, message, at === 0 ? message.id : `${message.id}/${at}`, heardAt, async () => {
      const by = whoAndWhere(parts, message)
      if (!(await insist(parts, heardAt, () => parts.admitsFile(by)))) return null
      const { name, bytes } = await fetchFile(attachment, FILE_BYTES)
      const owner = { subject: by.person.subject, name }
      const sha256 = await insist(parts, heardAt, () => parts.keepFile(bytes, owner))
      return { kind: 'file', name, sha256, line: at === 0 ? line : '', addressed: true }
    })
}

/** Repeats work that fails for a while, for as long as the person may wait. Throws what the last try throws. */
const insist = async <T>(
  { wait, now }: MessageParts,
  heardAt: number,
  work: () => Promise<T>,
): Promise<T> => {
  for (const milliseconds of WAITS)
    try {
      return await work()
    } catch (error) {
      if (!isFault(error) || !error.retry || now() - heardAt > PATIENCE_MS) throw error
      await wait(milliseconds)
    }
  return work()
}

/** Keeps an act, or says under the message why that was not possible: nobody should wait for an answer that never comes. */
const hand = async (
  parts: MessageParts,
  message: Told,
  key: string,
  heardAt: number,
  read: () => Promise<Incoming['act'] | null>,
): Promise<void> => {
  try {
    const act = await read()
    if (act === null) return
    const { id: order } = message
    const about = { key, order, at: timeOf(order), answerTo: { message: order } }
    const incoming = { ...about, ...whoAndWhere(parts, message), act }
    await insist(parts, heardAt, () => parts.receive(incoming))
  } catch (error) {
    if (!isFault(error)) throw error
    const { code } = error
    parts.log.error('discord.not-kept', { message: key, code })
    const said =
      code === 'file-too-large'
        ? words.fileTooLarge(FILE_BYTES)
        : code === 'file-unfetched'
          ? words.fileUnfetched
          : words.notKept
    await parts.remark({ channel: message.channel_id, message: message.id, key }, said)
  }
}

const whoAndWhere = (parts: MessageParts, message: Told): Pick<Incoming, 'place' | 'person'> => {
  const { channel_id, guild_id, author, member } = message
  const roles = member?.roles ?? []
  return {
    place: { platform: 'discord', chat: channel_id, community: guild_id ?? null },
    person: {
      subject: author.id,
      name: member?.nick ?? author.global_name ?? author.username,
      roles,
      admin: guild_id !== undefined && parts.manages(guild_id, author.id, roles),
    },
  }
}

/** What was written, without the mention of the bot and with names where others are mentioned; who is muted stays an id. */
const lineOf = ({ content, mentions, referenced_message: answered }: Told, botId: string): string => {
  const line = content.replace(/<@!?(\d+)>/g, (whole, id: string) => (id === botId ? '' : whole)).trim()
  if (/^\/(un)?mute$/.test(line) && answered != null) return `${line} <@${answered.author.id}>`
  if (/^\/(un)?mute\s/.test(line)) return line
  return line.replace(
    /<@!?(\d+)>/g,
    (_, id: string) => `@${mentions.find(mention => mention.id === id)?.username ?? 'somebody'}`,
  )
}
