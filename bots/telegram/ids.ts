import type { Place } from '../chat/platform.ts'

/** A chat, or a topic of a forum. */
export interface Room {
  readonly chat: number
  readonly topic?: number
}

/** A message by its chat and its number there. */
export interface MessageId {
  readonly chat: number
  readonly message: number
}

/** `chat` or `chat/topic`, as `Place.chat` has it. */
export const roomName = ({ chat, topic }: Room): string =>
  topic === undefined ? String(chat) : `${chat}/${topic}`

export const roomOf = (name: string): Room => {
  const [chat, topic] = name.split('/')
  return { chat: Number(chat), ...(topic === undefined ? {} : { topic: Number(topic) }) }
}

/**
 * `chat/message`: a private answer to a question in a group stands in another chat than the question, so an id alone
 * would not say where.
 */
export const messageName = ({ chat, message }: MessageId): string => `${chat}/${message}`

export const messageOf = (name: string): MessageId => {
  const [chat, message] = name.split('/')
  return { chat: Number(chat), message: Number(message) }
}

/** A private chat has its person's id; groups have negative ones. */
export const placeOf = (room: Room): Place => ({
  platform: 'telegram',
  chat: roomName(room),
  community: room.chat < 0 ? String(room.chat) : null,
})
