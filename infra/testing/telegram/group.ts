import type { User } from '@grammyjs/types'
import { openTopic } from './chat-methods.ts'
import type { FakePerson } from './person.ts'
import { chatOf, type Room } from './room.ts'
import type { World } from './world.ts'

/** Somewhere to say something: a person (the private chat with the bot), a group, or a topic of one. */
export interface Place {
  readonly room: Room
  /** Id of the topic; undefined outside of one. */
  readonly thread?: number | undefined
}

/** A topic of a forum. */
export interface FakeTopic extends Place {
  readonly name: string
  readonly thread: number
}

export interface GroupOptions {
  readonly members?: readonly FakePerson[]
  /** Administrators; the first one owns the group. They need not stand among the members. */
  readonly admins?: readonly FakePerson[]
  /** Topics. */
  readonly forum?: boolean
  /** True: the bot hears only commands, mentions and replies to it; as the whole fake is set unless told. */
  readonly privacy?: boolean
  /** `supergroup` unless told; a small group shares its message ids with the private chats. */
  readonly kind?: 'group' | 'supergroup'
  /** What the bot is there: `member` unless told. */
  readonly bot?: 'member' | 'administrator' | 'left'
}

/** A group, with what its people can do to it. */
export class FakeGroup implements Place {
  readonly #world: World
  room: Room

  constructor(world: World, name: string, options: GroupOptions, privacy: boolean) {
    const { members = [], admins = [], forum = false, kind = 'supergroup', bot = 'member' } = options
    this.#world = world
    const number = world.nextId()
    this.room = world.addRoom({
      id: kind === 'group' ? -number : -(1_000_000_000_000 + number),
      kind,
      title: name,
      forum,
      privacy: options.privacy ?? privacy,
      person: undefined,
    })
    for (const person of members) this.#set(person.user, 'member')
    for (const [index, person] of admins.entries())
      this.#set(person.user, index === 0 ? 'creator' : 'administrator')
    const by = admins[0]?.user ?? members[0]?.user ?? world.bot
    if (bot !== 'left') world.setBotStatus(this.room, by, bot)
  }

  get id(): number {
    return this.room.id
  }

  get name(): string {
    return this.room.title
  }

  /** Somebody joins; the bot hears of it as of any service message. */
  add(person: FakePerson): void {
    this.#set(person.user, 'member')
    this.#tell(person.user, { new_chat_members: [person.user] })
  }

  remove(person: FakePerson): void {
    this.#set(person.user, 'left')
    this.#tell(person.user, { left_chat_member: person.user })
  }

  promote(person: FakePerson): void {
    this.#set(person.user, 'administrator')
  }

  /** Changes what the bot is here: `administrator`, `member`, `kicked`, `left`. */
  setBot(by: FakePerson, status: 'administrator' | 'member' | 'kicked' | 'left'): void {
    this.#world.setBotStatus(this.room, by.user, status)
  }

  /** A person opens a topic of the forum. */
  openTopic(by: FakePerson, name: string): FakeTopic {
    const { id } = openTopic(this.#world, this.room, name, by.user)
    const message = this.room.messages.get(id)?.message
    if (message !== undefined) this.#world.queue.push({ message: { ...message, from: by.user } as never })
    return { room: this.room, thread: id, name }
  }

  /** A topic that is there already, by its name; undefined where there is none. */
  topic(name: string): FakeTopic | undefined {
    const found = [...this.room.topics.values()].find(one => one.name === name && !one.deleted)
    return found === undefined ? undefined : { room: this.room, thread: found.id, name }
  }

  /** The small group becomes a supergroup: a new chat id; calls to the old one are told it. */
  becomeSupergroup(by: FakePerson): void {
    const old = this.room
    const number = this.#world.nextId()
    const next = this.#world.addRoom({ ...old, id: -(1_000_000_000_000 + number), kind: 'supergroup' })
    for (const [id, member] of old.members) next.members.set(id, member)
    this.#tell(by.user, { migrate_to_chat_id: next.id })
    old.movedTo = next.id
    this.room = next
    this.#tell(by.user, { migrate_from_chat_id: old.id })
  }

  #set(user: User, status: 'creator' | 'administrator' | 'member' | 'left'): void {
    this.room.members.set(user.id, { user, status })
  }

  #tell(from: User, content: object): void {
    const { message } = this.#world.post(this.room, from, content)
    const status = this.room.members.get(this.#world.bot.id)?.status ?? 'left'
    if (status === 'left' || status === 'kicked') return
    this.#world.queue.push({ message: { ...message, from, chat: chatOf(this.room) } as never })
  }
}
