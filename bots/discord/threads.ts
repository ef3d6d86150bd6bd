import { createHash } from 'node:crypto'
import {
  type APIChannel,
  type APIThreadChannel,
  type APIThreadList,
  ChannelType,
  type REST,
  Routes,
  ThreadAutoArchiveDuration,
} from 'discord.js'
import type { Place } from '../chat/platform.ts'
import { codeOf, codes } from './faults.ts'
import { clipped } from './limits.ts'
import { discordMarkup } from './markup.ts'
import { messageBody } from './message-body.ts'
import type { Messages } from './messages.ts'
import { spotOf } from './spots.ts'

export interface Threads {
  /** The thread of a name in a channel; made where there is none. Throws what Discord answers. */
  open(place: Place, name: string): Promise<Place>
}

const named = (threads: readonly APIThreadChannel[], channel: string, name: string): string | undefined =>
  threads.find(thread => thread.parent_id === channel && thread.name === name)?.id

export const openThreads = (rest: REST, messages: Messages): Threads => {
  const known = new Map<string, Promise<string>>()

  const find = async ({ chat, community }: Place, name: string): Promise<string | undefined> => {
    const active = (await rest.get(Routes.guildActiveThreads(community ?? ''))) as APIThreadList
    const found = named(active.threads as APIThreadChannel[], chat, name)
    if (found !== undefined) return found
    const archived = (await rest.get(Routes.channelThreads(chat, 'public'))) as APIThreadList
    return named(archived.threads as APIThreadChannel[], chat, name)
  }

  const make = async (place: Place, name: string): Promise<string> => {
    const found = await find(place, name)
    if (found !== undefined) return found
    const channel = (await rest.get(Routes.channel(place.chat))) as APIChannel
    const nonce = createHash('sha256').update(`thread/${place.chat}/${name}`).digest('base64url').slice(0, 25)
    const shown = { blocks: [{ kind: 'card', title: name, fields: [] } as const], buttons: [] }
    const sent = messageBody({ ...shown, private: false, final: true }, discordMarkup, nonce)
    const body = { name, auto_archive_duration: ThreadAutoArchiveDuration.OneWeek }
    if (channel.type === ChannelType.GuildForum || channel.type === ChannelType.GuildMedia) {
      const made = await rest.post(Routes.threads(place.chat), { body: { ...body, message: sent.body } })
      return (made as APIChannel).id
    }
    // Opened at a message, a thread has that message's id: two tries make one thread.
    const first = await messages.send(place.chat, sent, { message: null, others: [], nonce })
    const id = first.kind === 'shown' ? (spotOf(first.message)?.id ?? '') : ''
    try {
      return ((await rest.post(Routes.threads(place.chat, id), { body })) as APIChannel).id
    } catch (error) {
      if (codeOf(error) === codes.threadExists) return id
      throw error
    }
  }

  return {
    async open(place, wanted) {
      const name = clipped(wanted, 100)
      const key = `${place.chat}/${name}`
      const made = known.get(key) ?? make(place, name)
      known.set(key, made)
      made.catch(() => known.delete(key))
      return { ...place, chat: await made }
    },
  }
}
