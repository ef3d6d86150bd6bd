import { type APIMessage, MessageFlags, type REST, Routes } from 'discord.js'
import type { Log } from '../../infra/log.ts'
import type { Chats, ContributedMessage } from '../../tools/chats.ts'
import { codeOf, loggable } from './faults.ts'
import type { HeardInteraction } from './interaction.ts'
import { sendRemark } from './remarks.ts'
import { words } from './words.ts'

/** Messages that were contributed from their context menu. */
export interface ContributedMessages {
  /** Keeps that a message (`channel/message`) is contributed by this update. */
  keep(source: string, by: HeardInteraction): Promise<void>
  /** Tells the author of the message, without a ping. Never throws. */
  tell(source: string, by: HeardInteraction): Promise<void>
  /** A message was deleted: takes back what was contributed of it. Never throws. */
  deleted(message: string): Promise<void>
}

export interface ContributedParts {
  readonly rest: REST
  readonly log: Log
  readonly store: Pick<Chats, 'keepContributed' | 'contributedOf'>
  /** Takes back what was contributed of a deleted message. */
  takeBack(contributed: ContributedMessage): Promise<void>
}

export const openContributedMessages = ({
  rest,
  log,
  store,
  takeBack,
}: ContributedParts): ContributedMessages => {
  const tellAuthor = async (
    channel: string,
    id: string,
    { person, id: update }: HeardInteraction,
  ): Promise<void> => {
    const { author } = (await rest.get(Routes.channelMessage(channel, id))) as APIMessage
    if (author.id === person.subject) return
    await sendRemark(rest, {
      channel,
      message: id,
      nonce: `told/${update}`.slice(0, 25),
      said: words.contributed(person.name),
      flags: MessageFlags.SuppressNotifications,
    })
  }
  return {
    async keep(source, by) {
      const message = source.split('/')[1] ?? ''
      await store.keepContributed('discord', { subject: by.person.subject, update: by.id, message })
    },
    async tell(source, by) {
      const [channel = '', id = ''] = source.split('/')
      try {
        await tellAuthor(channel, id, by)
      } catch (error) {
        log.warn('discord.author-not-told', { code: codeOf(error) })
      }
    },
    async deleted(message) {
      try {
        for (const contributed of await store.contributedOf('discord', message)) await takeBack(contributed)
      } catch (error) {
        log.error('discord.not-taken-back', loggable(error))
      }
    },
  }
}
