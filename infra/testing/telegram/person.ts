import type { BotCommand, Message, User } from '@grammyjs/types'
import { fault } from '../../errors.ts'
import { autoEntities } from './auto-entities.ts'
import type { Place } from './group.ts'
import { hears } from './hearing.ts'
import type { FakeMessage } from './message.ts'
import { placement } from './place.ts'
import { chatOf, isAdmin, memberOf, type Room } from './room.ts'
import { captionContent, documentContent, textContent } from './send-methods.ts'
import type { World } from './world.ts'

/** A file that a person sends; `size` stands for bytes that need not be there. */
export interface SentDocument {
  readonly name: string
  readonly bytes?: Uint8Array
  readonly size?: number
}

export interface SayOptions {
  readonly replyTo?: FakeMessage
  readonly document?: SentDocument
}

/** What the bot answered to a press. */
export interface PressAnswer {
  /** Empty where the bot only took note. */
  readonly text: string
  /** True where the person must close it. */
  readonly alert: boolean
}

/** A press on a button. */
export interface Press {
  /** Id of the callback query; undefined for a button that opens an address. */
  readonly id: string | undefined
  readonly url: string | undefined
  /** Resolves when the bot answers, with undefined for a button that opens an address. */
  readonly answered: Promise<PressAnswer | undefined>
}

/** Somebody who uses the bot. As a place, the person is their private chat with it. */
export class FakePerson implements Place {
  readonly #world: World
  readonly user: User
  readonly room: Room

  constructor(world: World, name: string, language: string | undefined) {
    this.#world = world
    const id = 1_000_000 + world.nextId()
    const username = `${name.toLowerCase().replace(/[^a-z0-9]/g, '') || 'person'}_${id}`
    const tongue = language === undefined ? {} : { language_code: language }
    this.user = { id, is_bot: false, first_name: name, username, ...tongue }
    world.people.set(id, this.user)
    this.room = world.addRoom({
      id,
      kind: 'private',
      title: name,
      forum: false,
      privacy: false,
      person: this.user,
    })
  }

  get id(): number {
    return this.user.id
  }

  get name(): string {
    return this.user.first_name
  }

  /** Writes to the bot, or in a group or topic: `say('hi')`, `say(group, 'hi', { replyTo })`. */
  say(text: string, options?: SayOptions): FakeMessage
  say(place: Place, text: string, options?: SayOptions): FakeMessage
  say(first: string | Place, second?: string | SayOptions, third?: SayOptions): FakeMessage {
    const own = typeof first === 'string'
    const text = own ? first : typeof second === 'string' ? second : ''
    const options = (own ? (second as SayOptions | undefined) : third) ?? {}
    return this.#write(own ? this : first, text, options)
  }

  /** Opens the bot by a link or its Start button; `payload` is what the link carries after `?start=`. */
  start(payload?: string): FakeMessage {
    if (payload !== undefined && !/^[\w-]{1,64}$/.test(payload))
      throw fault('telegram-start-payload', 'The payload of a deep link has characters that links cannot.', {
        fix: 'Use at most 64 of A-Z, a-z, 0-9, _ and -.',
        facts: { payload },
      })
    this.unblock()
    return this.#write(this, payload === undefined ? '/start' : `/start ${payload}`, {})
  }

  /** Presses a button under a message. `data` stands for a button that the message had before it was edited. */
  press(message: FakeMessage, label: string, { data }: { data?: string } = {}): Press {
    const room = this.#roomOf(message)
    const button = message.rows.flat().find(one => one.text === label)
    const key = message.letters?.flat().includes(label) === true
    if ((button === undefined && data === undefined && !key) || message.deleted)
      throw fault('telegram-no-button', `The message has no button "${label}" to press.`, {
        fix: 'Press one of the labels that it shows.',
        facts: { labels: message.buttons.flat().join(' | '), deleted: message.deleted },
      })
    if (key && button === undefined) {
      this.#write({ room, thread: message.thread }, label, {})
      return { id: undefined, url: undefined, answered: Promise.resolve(undefined) }
    }
    this.#world.note(room, this.name, `presses [${label}]`, message.thread)
    if (data === undefined && button !== undefined && 'url' in button)
      return { id: undefined, url: button.url, answered: Promise.resolve(undefined) }
    const own = button !== undefined && 'callback_data' in button ? button.callback_data : undefined
    return this.#query(room, message, data ?? own ?? '')
  }

  /** Changes a message of their own; the bot hears of it if it heard of the message. */
  edit(message: FakeMessage, text: string): void {
    const room = this.#roomOf(message)
    const { entities: _, caption_entities: __, ...rest } = message.message
    const formatted = { text, entities: autoEntities(text, []) }
    const content = rest.text === undefined ? captionContent(formatted) : textContent(formatted)
    message.message = { ...rest, ...content, edit_date: this.#world.seconds() }
    message.edited = true
    if (hears(this.#world, room, message.message))
      this.#world.queue.push({ edited_message: { ...message.message, from: this.user } as never })
  }

  /** Deletes a message for everybody. The platform tells bots nothing of it. */
  delete(message: FakeMessage): void {
    message.deleted = true
  }

  block(): void {
    this.#setBlocked(true)
  }

  unblock(): void {
    this.#setBlocked(false)
  }

  /** Sets a reaction, or takes it away without one. Bots hear of it where they asked for `message_reaction`. */
  react(message: FakeMessage, emoji?: string): void {
    const room = this.#roomOf(message)
    const asReaction = (one: string) => ({ type: 'emoji', emoji: one }) as never
    const old = message.reactions.get(this.id) ?? []
    const now = emoji === undefined ? [] : [emoji]
    message.reactions.set(this.id, now)
    if (room.kind !== 'private' && !isAdmin(room, this.#world.me.id)) return
    const about = { chat: chatOf(room), message_id: message.id, user: this.user, date: this.#world.seconds() }
    const change = { old_reaction: old.map(asReaction), new_reaction: now.map(asReaction) }
    this.#world.queue.push({ message_reaction: { ...about, ...change } })
  }

  /** Types `@bot query` in some chat; resolves to the results that the bot offers. */
  inline(query: string): Promise<readonly Record<string, unknown>[]> {
    const id = String(this.#world.nextId())
    const asked = new Promise<readonly Record<string, unknown>[]>(resolve => {
      const answer = (results: readonly unknown[]) => resolve(results as readonly Record<string, unknown>[])
      this.#world.inline.set(id, { askedAt: this.#world.now(), answer })
    })
    this.#world.queue.push({ inline_query: { id, from: this.user, query, offset: '', chat_type: 'sender' } })
    return asked
  }

  /** What the bot's menu offers this person, in their private chat or in a group. */
  commands(place: Place = this): readonly BotCommand[] {
    return this.#world.commands.shown({
      id: this.id,
      language: this.user.language_code ?? '',
      chat: place.room.id,
      group: place.room.kind !== 'private',
      admin: isAdmin(place.room, this.id),
    })
  }

  #write({ room, thread }: Place, text: string, { replyTo, document }: SayOptions): FakeMessage {
    if (room.kind === 'private' && room.blocked)
      throw fault('telegram-blocked', `${this.name} blocked the bot and cannot write to it.`, {
        fix: 'Call unblock() first.',
      })
    const formatted = { text, entities: autoEntities(text, []) }
    const place = placement(room, thread, replyTo)
    const bytes = Buffer.from(document?.bytes ?? [])
    const file =
      document === undefined ? undefined : this.#world.keepFile(document.name, bytes, document.size)
    const content =
      file === undefined ? textContent(formatted) : { ...documentContent(file), ...captionContent(formatted) }
    room.started = true
    const message = this.#world.post(room, this.user, { ...place, ...content })
    message.file = file
    if (hears(this.#world, room, message.message)) this.#tell(message.message)
    return message
  }

  #tell(message: Message): void {
    this.#world.queue.push({ message: message as never })
  }

  #query(room: Room, message: FakeMessage, data: string): Press {
    const id = String(this.#world.nextId())
    const answered = new Promise<PressAnswer>(resolve => {
      const answer = (text: string, alert: boolean) => {
        if (text !== '') this.#world.note(room, this.name, `is shown "${text}"`, message.thread)
        resolve({ text, alert })
      }
      this.#world.presses.set(id, { id, pressedAt: this.#world.now(), answer })
    })
    const base = { id, from: this.user, chat_instance: String(-room.id * 7), data }
    this.#world.queue.push({ callback_query: { ...base, message: message.message } })
    return { id, url: undefined, answered }
  }

  #setBlocked(blocked: boolean): void {
    if (this.room.blocked === blocked) return
    const status = (yes: boolean) => (yes ? ('kicked' as const) : ('member' as const))
    const describe = (yes: boolean) => {
      this.room.members.set(this.#world.bot.id, { user: this.#world.bot, status: status(yes) })
      return memberOf(this.room, this.#world.bot)
    }
    const old = describe(!blocked)
    this.room.blocked = blocked
    const chat = chatOf(this.room)
    const about = { chat, from: this.user, date: this.#world.seconds() }
    this.#world.queue.push({
      my_chat_member: { ...about, old_chat_member: old, new_chat_member: describe(blocked) },
    })
    this.#world.note(this.room, this.name, blocked ? 'blocks the bot' : 'unblocks the bot')
  }

  #roomOf(message: FakeMessage): Room {
    return this.#world.rooms.get(message.chat) ?? this.room
  }
}
