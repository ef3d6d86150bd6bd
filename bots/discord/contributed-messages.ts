import { type APIMessage, MessageFlags, type REST, Routes } from 'discord.js'
import type { Log } from '../../infra/log.ts'
import type { Chats } from '../../tools/chats.ts'
import { codeOf, loggable } from './faults.ts'
import type { HeardInteraction } from './interaction.ts'
import { discordMarkup } from './markup.ts'
import { messageBody } from './message-body.ts'
import { words } from './words.ts'

/** A message that somebody contributed, with the update that did it. */
export interface ContributedMessage {
  /** The contributor's id on Discord. */
  readonly subject: string
  /** The key of the update whose answer contributed it, or asked on. */
  readonly update: string
  readonly message: string
}

/** Messages that were contributed from their context menu. */
export interface ContributedMessages {
  /** Keeps that a message (`channel/message`) is contributed by this update. */
  keep(source: string, by: HeardInteraction): Promise<void>
  /** Tells the author of the message, without a ping. Never throws. */
  tell(source: string, by: HeardInteraction): Promise<void>
  /** A message was deleted: hands on what was contributed of it. Never throws. */
  deleted(message: string): Promise<void>
}

export interface ContributedParts {
  readonly rest: REST
  readonly log: Log
  readonly store: Pick<Chats, 'keepButtons' | 'button'>
  /** Takes back what was contributed of a deleted message. */
  takeBack(contributed: ContributedMessage): Promise<void>
}

const linkId = (message: string): string => `message/${message}`

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
    const nonce = `told/${update}`.slice(0, 25)
    const view = { blocks: [words.contributed(person.name)], buttons: [], private: false, final: true }
    const { body } = messageBody(view, discordMarkup, nonce, MessageFlags.SuppressNotifications)
    await rest.post(Routes.channelMessages(channel), {
      body: {
        ...body,
        nonce,
        enforce_nonce: true,
        message_reference: { message_id: id, fail_if_not_exists: false },
      },
    })
  }
  return {
    async keep(source, by) {
      const message = source.split('/')[1] ?? ''
      const { subject } = by.person
      const link: ContributedMessage = { subject, update: by.id, message }
      await store.keepButtons('discord', linkId(message), [{ id: linkId(message), subject, act: link }])
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
        const kept = await store.button('discord', linkId(message))
        if (kept !== null) await takeBack(kept.act as ContributedMessage)
      } catch (error) {
        log.error('discord.not-taken-back', loggable(error))
      }
    },
  }
}
