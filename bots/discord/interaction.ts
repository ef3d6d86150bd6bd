import { type APIInteraction, PermissionFlagsBits } from 'discord.js'
import { z } from 'zod'
import type { Person, Place } from '../chat/platform.ts'

const user = z.looseObject({
  id: z.string(),
  username: z.string(),
  global_name: z.string().nullish(),
  bot: z.boolean().optional(),
})
const told = z.looseObject({
  id: z.string().regex(/^\d+$/),
  token: z.string().min(1),
  type: z.number(),
  channel_id: z.string(),
  guild_id: z.string().optional(),
  locale: z.string().optional(),
  user: user.optional(),
  member: z
    .looseObject({ user, nick: z.string().nullish(), roles: z.array(z.string()), permissions: z.string() })
    .optional(),
  attachment_size_limit: z.number().optional(),
})

/** Bytes of a file where Discord names no limit. */
const FILE_BYTES = 10 * 1024 * 1024

/** An interaction with who, where and when read from it; `data` is as Discord told it. */
export interface HeardInteraction {
  readonly id: string
  readonly token: string
  readonly place: Place
  readonly person: Person
  /** A program pressed or sent it. */
  readonly byBot: boolean
  readonly at: string
  readonly fileBytes: number
  readonly data: APIInteraction
}

/** When a snowflake was made, ISO 8601. */
export const timeOf = (id: string): string =>
  new Date(Number(BigInt(id) >> 22n) + 1_420_070_400_000).toISOString()

const ADMIN = PermissionFlagsBits.ManageGuild | PermissionFlagsBits.Administrator

/** Reads an interaction; null where what Discord told lacks what every interaction has. */
export const readInteraction = (data: unknown): HeardInteraction | null => {
  const read = told.safeParse(data)
  if (!read.success) return null
  const { id, token, channel_id, guild_id, member, locale } = read.data
  const who = member?.user ?? read.data.user
  if (who === undefined) return null
  return {
    id,
    token,
    place: { platform: 'discord', chat: channel_id, community: guild_id ?? null },
    person: {
      subject: who.id,
      name: member?.nick ?? who.global_name ?? who.username,
      roles: member?.roles ?? [],
      admin: member !== undefined && (bits(member.permissions) & ADMIN) !== 0n,
      ...(locale === undefined ? {} : { language: locale }),
    },
    byBot: who.bot === true,
    at: timeOf(id),
    fileBytes: read.data.attachment_size_limit ?? FILE_BYTES,
    data: data as APIInteraction,
  }
}

const bits = (permissions: string): bigint => (/^\d{1,30}$/.test(permissions) ? BigInt(permissions) : 0n)
