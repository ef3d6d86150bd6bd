import type { Chat, ChatMember, User } from '@grammyjs/types'
import type { FakeMessage } from './message.ts'

export type Status = ChatMember['status']

/** A topic of a forum; its id is the id of the message that opened it. */
export interface Topic {
  readonly id: number
  name: string
  closed: boolean
  deleted: boolean
}

/** A line of a conversation: a message, or what somebody did. */
export type Line =
  | { readonly kind: 'message'; readonly message: FakeMessage }
  | {
      readonly kind: 'note'
      readonly who: string
      readonly what: string
      readonly thread: number | undefined
    }

/** A chat: private, group or supergroup. */
export interface Room {
  readonly id: number
  readonly kind: 'private' | 'group' | 'supergroup'
  readonly title: string
  readonly forum: boolean
  /** True: the bot hears only what is meant for it. */
  readonly privacy: boolean
  /** Who the private chat is with; undefined for groups. */
  readonly person: User | undefined
  readonly members: Map<number, { user: User; status: Status }>
  readonly messages: Map<number, FakeMessage>
  readonly topics: Map<number, Topic>
  readonly lines: Line[]
  readonly pinned: number[]
  /** Text of the draft that the person sees growing; undefined without one. */
  draft: { readonly id: number; readonly text: string } | undefined
  /** Chat actions in the order they were shown: `typing`, `upload_document`. */
  readonly actions: string[]
  /** Private chats: whether the person ever pressed Start, and whether the bot is blocked now. */
  started: boolean
  blocked: boolean
  lastMessageId: number
  /** Id of the supergroup that this group became. */
  movedTo: number | undefined
}

/** The chat as the Bot API describes it. */
export const chatOf = (room: Room): Chat => {
  const { id, title, person } = room
  if (person !== undefined)
    return {
      id,
      type: 'private',
      first_name: person.first_name,
      ...(person.username === undefined ? {} : { username: person.username }),
    }
  if (room.kind === 'group') return { id, type: 'group', title }
  return { id, type: 'supergroup', title, ...(room.forum ? { is_forum: true as const } : {}) }
}

/** The member as the Bot API describes it; an administrator here holds every right. */
export const memberOf = (room: Room, user: User): ChatMember => {
  const status = room.members.get(user.id)?.status ?? 'left'
  if (status === 'creator') return { status, user, is_anonymous: false }
  if (status === 'kicked') return { status, user, until_date: 0 }
  if (status === 'member' || status === 'left') return { status, user }
  return {
    status: 'administrator',
    user,
    can_be_edited: false,
    is_anonymous: false,
    can_manage_chat: true,
    can_delete_messages: true,
    can_manage_video_chats: true,
    can_restrict_members: true,
    can_promote_members: false,
    can_change_info: true,
    can_invite_users: true,
    can_post_stories: true,
    can_edit_stories: true,
    can_delete_stories: true,
    can_pin_messages: true,
    ...(room.forum ? { can_manage_topics: true } : {}),
  } as ChatMember
}

export const isAdmin = (room: Room, user: number): boolean =>
  ['administrator', 'creator'].includes(room.members.get(user)?.status ?? 'left')
