import type { Message } from '@grammyjs/types'
import { isAdmin, type Room } from './room.ts'
import type { World } from './world.ts'

const mentions = (message: Message, username: string): boolean => {
  const text = message.text ?? message.caption ?? ''
  return (message.entities ?? message.caption_entities ?? []).some(({ type, offset, length }) => {
    const part = text.slice(offset, offset + length).toLowerCase()
    if (type === 'mention') return part === `@${username.toLowerCase()}`
    return type === 'bot_command' && (!part.includes('@') || part.endsWith(`@${username.toLowerCase()}`))
  })
}

/** Whether the bot is told of a message: in groups with privacy only of commands, mentions and replies to it. */
export const hears = (world: World, room: Room, message: Message): boolean => {
  if (room.kind === 'private') return !room.blocked
  const status = room.members.get(world.me.id)?.status ?? 'left'
  if (status === 'left' || status === 'kicked') return false
  if (!room.privacy || isAdmin(room, world.me.id)) return true
  const above = message.reply_to_message
  const answered = above?.from?.id === world.me.id && above.forum_topic_created === undefined
  return answered || message.via_bot?.id === world.me.id || mentions(message, world.me.username)
}
