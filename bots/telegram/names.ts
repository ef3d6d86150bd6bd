import type { Message, User } from 'grammy/types'
import { Recent } from '../chat/recent.ts'

/** Who is meant by a name: Telegram gives bots no way to look one up. */
export interface Names {
  note(user: User): void
  /** The line with the person whom `/mute` and `/unmute` name as `@id`, where that is known. */
  named(line: string, message: Message): string
}

const MOST = 10_000

/** Opens the knowledge of who has which name, from the messages that are heard. */
export const openNames = (): Names => {
  const ids = new Recent<string, number>(MOST)
  return {
    note: ({ username, id }) => {
      if (username !== undefined) ids.set(username.toLowerCase(), id)
    },
    named: (line, { reply_to_message: answered, entities = [] }) => {
      const [, command, word = ''] = /^\/((?:un)?mute)(?:\s+(\S+))?/.exec(line) ?? []
      if (command === undefined) return line
      const mentioned = entities.find(({ type }) => type === 'text_mention')
      const id =
        (mentioned !== undefined && 'user' in mentioned ? mentioned.user.id : undefined) ??
        ids.get(word.replace(/^@/, '').toLowerCase()) ??
        (word === '' && answered?.forum_topic_created === undefined ? answered?.from?.id : undefined)
      return id === undefined ? line : `/${command} @${id}`
    },
  }
}
