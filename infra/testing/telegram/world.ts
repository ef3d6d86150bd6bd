import type { Message, User, UserFromGetMe } from '@grammyjs/types'
import { badRequest, forbidden } from './api-error.ts'
import type { Call } from './call.ts'
import { CommandBook } from './command-book.ts'
import { FakeMessage, type StoredFile } from './message.ts'
import { chatOf, isAdmin, memberOf, type Room, type Status } from './room.ts'
import type { UpdateQueue } from './update-queue.ts'

/** A press on a button that waits for the bot's answer. */
export interface PendingPress {
  readonly id: string
  readonly pressedAt: number
  readonly answer: (text: string, alert: boolean, url: string) => void
}

/** An inline query that waits for the bot's results. */
export interface PendingInline {
  readonly askedAt: number
  readonly answer: (results: readonly unknown[]) => void
}

export interface WorldOptions {
  readonly botName: string
  readonly username: string
  readonly privacy: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly queue: UpdateQueue
}

/** Everything the fake platform knows: people, chats, messages, files. */
export class World {
  readonly me: UserFromGetMe
  /** The bot as its messages name it: without what only getMe tells. */
  readonly bot: User
  readonly now: () => number
  readonly queue: UpdateQueue
  readonly rooms = new Map<number, Room>()
  readonly people = new Map<number, User>()
  readonly files = new Map<string, StoredFile>()
  readonly presses = new Map<string, PendingPress>()
  readonly inline = new Map<string, PendingInline>()
  readonly commands = new CommandBook()
  /** What setMyName, setMyDescription and their like keep, by field and language. */
  readonly profile = new Map<string, string>()
  #lastShared = 0
  #lastId = 1000

  constructor({ botName, username, privacy, now, queue }: WorldOptions) {
    this.now = now
    this.queue = queue
    this.bot = { id: 123456, is_bot: true, first_name: botName, username }
    this.me = {
      ...this.bot,
      is_bot: true,
      username,
      can_join_groups: true,
      can_read_all_group_messages: !privacy,
      supports_inline_queries: true,
      can_connect_to_business: false,
      has_main_web_app: false,
      has_topics_enabled: false,
      allows_users_to_create_topics: false,
      can_manage_bots: false,
      supports_guest_queries: false,
      supports_join_request_queries: false,
    }
  }

  /** A number that no other thing here has. */
  nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  seconds(): number {
    return Math.floor(this.now() / 1000)
  }

  addRoom(room: Pick<Room, 'id' | 'kind' | 'title' | 'forum' | 'privacy' | 'person'>): Room {
    const whole: Room = {
      ...room,
      members: new Map(),
      messages: new Map(),
      topics: new Map(),
      lines: [],
      pinned: [],
      draft: undefined,
      actions: [],
      started: false,
      blocked: false,
      lastMessageId: 0,
      movedTo: undefined,
    }
    this.rooms.set(whole.id, whole)
    return whole
  }

  /** Puts a message in a chat. Supergroups count their own ids; private chats and small groups share one count per bot. */
  post(room: Room, from: User, content: Partial<Message>): FakeMessage {
    if (room.kind === 'supergroup') room.lastMessageId += 1
    else {
      this.#lastShared += 1
      room.lastMessageId = this.#lastShared
    }
    const base = { message_id: room.lastMessageId, from, chat: chatOf(room), date: this.seconds() }
    const message = new FakeMessage({ ...base, ...content })
    room.messages.set(message.id, message)
    room.lines.push({ kind: 'message', message })
    return message
  }

  note(room: Room, who: string, what: string, thread?: number): void {
    room.lines.push({ kind: 'note', who, what, thread })
  }

  /** The chat that a call names. */
  room(call: Call, field = 'chat_id'): Room {
    if (!call.has(field)) throw badRequest(`${field} is empty`)
    const named = call.text(field)
    const room = named.startsWith('@') ? undefined : this.rooms.get(Number(named))
    if (room === undefined) throw badRequest('chat not found')
    if (room.movedTo !== undefined) throw migrated(room.movedTo)
    return room
  }

  /** The chat that a call names, where the bot may write now. */
  writable(call: Call): Room {
    const room = this.room(call)
    if (room.kind === 'private') {
      if (room.blocked) throw forbidden('bot was blocked by the user')
      if (!room.started) throw forbidden("bot can't initiate conversation with a user")
      return room
    }
    const kind = room.kind === 'group' ? 'group' : 'supergroup'
    const status = room.members.get(this.me.id)?.status ?? 'left'
    if (status === 'kicked') throw forbidden(`bot was kicked from the ${kind} chat`)
    if (status === 'left') throw forbidden(`bot is not a member of the ${kind} chat`)
    return room
  }

  botIsAdmin(room: Room): boolean {
    return isAdmin(room, this.me.id)
  }

  /** Changes what the bot is in a chat and tells it so (`my_chat_member`). */
  setBotStatus(room: Room, by: User, status: Status): void {
    const old = memberOf(room, this.bot)
    room.members.set(this.me.id, { user: this.bot, status })
    const change = {
      chat: chatOf(room),
      from: by,
      date: this.seconds(),
      old_chat_member: old,
      new_chat_member: memberOf(room, this.bot),
    }
    if (old.status !== status) this.queue.push({ my_chat_member: change })
  }

  keepFile(name: string, bytes: Buffer, size = bytes.length): StoredFile {
    const number = this.nextId()
    const id = `BQACAgIAAxkBAAI${number.toString(36)}file`
    const extension = /\.\w{1,8}$/.exec(name)?.[0] ?? ''
    const path = `documents/file_${number}${extension}`
    const file = { id, uniqueId: `AgAD${number.toString(36)}`, name, size, bytes, path }
    this.files.set(id, file)
    return file
  }
}

const migrated = (to: number) => {
  const error = badRequest('group chat was upgraded to a supergroup chat')
  return Object.assign(error, { parameters: { migrate_to_chat_id: to } })
}
