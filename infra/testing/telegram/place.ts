import type { Message, ReplyParameters } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import type { FakeMessage } from './message.ts'
import type { Room } from './room.ts'

const withoutReply = ({ message }: FakeMessage): Message => {
  const { reply_to_message: _, ...rest } = message
  return rest
}

/** The fields that put a message in a topic and under another one. In a topic, what replies to nothing replies to its opening. */
export const placement = (
  room: Room,
  thread: number | undefined,
  answered?: FakeMessage,
): Partial<Message> => {
  const topic = answered?.thread ?? thread
  const opening = topic === undefined ? undefined : room.messages.get(topic)
  const above = answered ?? opening
  return {
    ...(topic === undefined ? {} : { message_thread_id: topic, is_topic_message: true as const }),
    ...(above === undefined
      ? {}
      : { reply_to_message: withoutReply(above) as NonNullable<Message['reply_to_message']> }),
  }
}

/** Where a call of the bot puts its message; refuses topics and replies that are not there. */
export const placementOf = (room: Room, call: Call, admin: boolean): Partial<Message> => {
  const thread = call.integer('message_thread_id')
  const topic = thread === undefined ? undefined : room.topics.get(thread)
  if (thread !== undefined && (topic === undefined || topic.deleted))
    throw badRequest('message thread not found')
  if (topic?.closed === true && !admin) throw badRequest('TOPIC_CLOSED')
  const reply = call.object<ReplyParameters>('reply_parameters')
  const asked = reply?.message_id ?? call.integer('reply_to_message_id')
  const answered = asked === undefined ? undefined : room.messages.get(asked)
  const missing = asked !== undefined && (answered === undefined || answered.deleted)
  if (missing && reply?.allow_sending_without_reply !== true)
    throw badRequest('message to be replied not found')
  return placement(room, thread, missing ? undefined : answered)
}
