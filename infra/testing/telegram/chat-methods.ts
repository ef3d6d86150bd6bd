import type { ChatFullInfo, User } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { chatOf, isAdmin, memberOf, type Room, type Topic } from './room.ts'
import type { Method } from './send-methods.ts'
import type { World } from './world.ts'

const GIFTS = {
  unlimited_gifts: false,
  limited_gifts: false,
  unique_gifts: false,
  premium_subscription: false,
  gifts_from_channels: false,
}

const membersOf = (world: World, call: Call): Room => {
  const room = world.room(call)
  if (room.kind === 'private') throw badRequest('there are no administrators in the private chat')
  return world.writable(call)
}

const forumOf = (world: World, call: Call): Room => {
  const room = world.writable(call)
  if (!room.forum) throw badRequest('the chat is not a forum')
  if (!world.botIsAdmin(room)) throw badRequest('not enough rights to create a topic')
  return room
}

const topicOf = (room: Room, call: Call): Topic => {
  const topic = room.topics.get(call.integer('message_thread_id') ?? 0)
  if (topic === undefined || topic.deleted) throw badRequest('TOPIC_ID_INVALID')
  return topic
}

const nameOf = (call: Call): string => {
  const name = call.text('name').trim()
  if (name === '' || name.length > 128) throw badRequest('TOPIC_NAME_INVALID')
  return name
}

const setClosed =
  (closed: boolean): Method =>
  (world, call) => {
    const room = forumOf(world, call)
    const topic = topicOf(room, call)
    if (topic.closed === closed) throw badRequest('TOPIC_NOT_MODIFIED')
    topic.closed = closed
    const told = closed ? { forum_topic_closed: {} } : { forum_topic_reopened: {} }
    world.post(room, world.bot, { ...told, message_thread_id: topic.id, is_topic_message: true })
    return true
  }

/** Opens a topic: its id is the id of the message that says so. */
export const openTopic = (world: World, room: Room, name: string, from: User = world.bot): Topic => {
  const opening = world.post(room, from, { forum_topic_created: { name, icon_color: 7_322_096 } })
  opening.message.message_thread_id = opening.id
  opening.message.is_topic_message = true
  const topic = { id: opening.id, name, closed: false, deleted: false }
  room.topics.set(topic.id, topic)
  return topic
}

const pinRight = (world: World, call: Call): Room => {
  const room = world.writable(call)
  if (room.kind !== 'private' && !world.botIsAdmin(room))
    throw badRequest('not enough rights to manage pinned messages in the chat')
  return room
}

/** Methods about chats, their members and their topics. */
export const chatMethods: Readonly<Record<string, Method>> = {
  getChat: (world, call) => {
    const room = world.room(call)
    const pinned = room.messages.get(room.pinned.at(-1) ?? 0)?.message
    const info = { accent_color_id: 0, max_reaction_count: 11, accepted_gift_types: GIFTS }
    return {
      ...chatOf(room),
      ...info,
      ...(pinned === undefined ? {} : { pinned_message: pinned }),
    } as ChatFullInfo
  },
  getChatMember: (world, call) => {
    const room = world.writable(call)
    const id = call.integer('user_id') ?? 0
    const user = id === world.me.id ? world.bot : world.people.get(id)
    if (user === undefined) throw badRequest('invalid user_id specified')
    return memberOf(room, user)
  },
  getChatAdministrators: (world, call) => {
    const room = membersOf(world, call)
    return [...room.members.values()]
      .filter(({ user }) => isAdmin(room, user.id) && (!user.is_bot || user.id === world.me.id))
      .map(({ user }) => memberOf(room, user))
  },
  getChatMemberCount: (world, call) => {
    const { kind, members } = world.room(call)
    if (kind === 'private') return 2
    return [...members.values()].filter(({ status }) => !['left', 'kicked'].includes(status)).length
  },
  leaveChat: (world, call) => {
    const room = membersOf(world, call)
    world.setBotStatus(room, world.bot, 'left')
    return true
  },
  pinChatMessage: (world, call) => {
    const room = pinRight(world, call)
    const id = call.integer('message_id') ?? 0
    if (room.messages.get(id)?.deleted !== false) throw badRequest('message to pin not found')
    room.pinned.push(id)
    return true
  },
  unpinChatMessage: (world, call) => {
    const room = pinRight(world, call)
    const id = call.integer('message_id') ?? room.pinned.at(-1) ?? 0
    const at = room.pinned.lastIndexOf(id)
    if (at < 0) throw badRequest('message to unpin not found')
    room.pinned.splice(at, 1)
    return true
  },
  createForumTopic: (world, call) => {
    const { id, name } = openTopic(world, forumOf(world, call), nameOf(call))
    return { message_thread_id: id, name, icon_color: 7_322_096 }
  },
  editForumTopic: (world, call) => {
    const topic = topicOf(forumOf(world, call), call)
    if (call.has('name') && nameOf(call) === topic.name) throw badRequest('TOPIC_NOT_MODIFIED')
    if (call.has('name')) topic.name = nameOf(call)
    return true
  },
  closeForumTopic: setClosed(true),
  reopenForumTopic: setClosed(false),
  deleteForumTopic: (world, call) => {
    const room = forumOf(world, call)
    const topic = topicOf(room, call)
    topic.deleted = true
    for (const message of room.messages.values()) if (message.thread === topic.id) message.deleted = true
    return true
  },
}
