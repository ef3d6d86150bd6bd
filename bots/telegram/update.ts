import type { CallbackQuery, Document, Message, Update, User, UserFromGetMe } from 'grammy/types'
import type { Act, Incoming } from '../chat/platform.ts'
import type { Command } from '../commands.ts'
import { placeOf, type Room } from './ids.ts'
import { addressedLine, contributedMessage, isOrder } from './line.ts'
import type { Names } from './names.ts'
import type { Seen } from './seen.ts'
import { telegramSentences as say } from './sentences.ts'

/** The updates that are asked for; others are not told. */
export const wantedUpdates = ['message', 'edited_message', 'callback_query', 'inline_query'] as const

/** What an update is to the bot. A `document` is still to be fetched before it counts as received. */
export type Happening =
  | {
      readonly kind: 'act'
      readonly incoming: Incoming
      readonly document?: Document
      readonly query?: string
    }
  /** Something that is only answered with a sentence. `key` names it: it is said once. */
  | {
      readonly kind: 'remark'
      readonly key: string
      readonly room: Room
      readonly to: Message
      readonly sentence: string
    }
  | { readonly kind: 'inline'; readonly query: string }

export interface Readable {
  readonly me: UserFromGetMe
  readonly commands: readonly Command[]
  readonly seen: Seen
  readonly names: Names
  /** Milliseconds since 1970, for presses: Telegram does not say when they happened. */
  now(): number
}

/** Reads an update; null where it is none of the bot's business. Whether the person is an admin is not known yet. */
export const readUpdate = (update: Update, from: Readable): Happening | null => {
  const { message, edited_message: edited, callback_query: press, inline_query: inline } = update
  if (message !== undefined) return readMessage(message, update, from)
  if (edited !== undefined) return readEdit(edited, from)
  if (press !== undefined) return readPress(press, update, from)
  return inline === undefined ? null : { kind: 'inline', query: inline.id }
}

export const roomOfMessage = ({ chat, message_thread_id, is_topic_message }: Message): Room => ({
  chat: chat.id,
  // Without the second, the first names a thread of replies, in which nothing can be posted.
  ...(is_topic_message === true && message_thread_id !== undefined ? { topic: message_thread_id } : {}),
})

// Bots, channels and groups that write under their own name are nobody who could have an account.
const personOf = ({ from, sender_chat }: Message): User | null =>
  from === undefined || from.is_bot || sender_chat !== undefined ? null : from

const readMessage = (message: Message, { update_id }: Update, from: Readable): Happening | null => {
  const { seen, names } = from
  seen.note({ chat: message.chat.id, message: message.message_id })
  const user = personOf(message)
  if (user !== null) names.note(user)
  if (user === null || message.chat.type === 'channel') return null
  const room = roomOfMessage(message)
  const heard = addressedLine(message, from)
  if (heard === null) return null
  const line = names.named(heard, message)
  const common = {
    key: String(update_id),
    order: String(update_id),
    place: placeOf(room),
    person: personOfUser(user),
    at: new Date(message.date * 1000).toISOString(),
    answerTo: answerTo(room, message.message_id, seen),
  }
  const act = (made: Act, extra: Readonly<Record<string, string>> = {}): Happening => ({
    kind: 'act',
    incoming: { ...common, act: made, answerTo: { ...common.answerTo, ...extra } },
  })
  const remark = (sentence: string): Happening => ({
    kind: 'remark',
    key: `update/${update_id}`,
    room,
    to: message,
    sentence,
  })
  if (message.forward_origin !== undefined && isOrder(line, from.commands)) return remark(say.forwarded)
  const taken = contributedMessage(line, message, from.me)
  const document = message.document ?? taken?.document
  if (document !== undefined) {
    const name = document.file_name ?? 'file.txt'
    const made = act(
      { kind: 'file', name, sha256: '', line, addressed: true },
      taken === null ? {} : { author: taken.author },
    )
    return { ...made, document } as Happening
  }
  if (taken !== null)
    return taken.words === null
      ? remark(say.questionMissing)
      : act({ kind: 'command', name: 'contribute', words: taken.words }, { author: taken.author })
  if (line !== '') return act({ kind: 'line', line, addressed: true })
  return hasOtherMedia(message) ? remark(say.textOnly) : null
}

const hasOtherMedia = (message: Message): boolean =>
  ['photo', 'sticker', 'voice', 'audio', 'video', 'video_note', 'animation', 'contact', 'location'].some(
    name => name in message,
  )

/** Said once for each message: what was answered stands, and nobody should believe that it changed. */
const readEdit = (message: Message, from: Readable): Happening | null => {
  const line = personOf(message) === null ? null : addressedLine(message, from)
  if (line === null || line === '') return null
  const room = roomOfMessage(message)
  const key = `edited/${message.chat.id}/${message.message_id}`
  return { kind: 'remark', key, room, to: message, sentence: say.edited }
}

const readPress = (
  press: CallbackQuery,
  { update_id }: Update,
  { seen, now }: Readable,
): Happening | null => {
  const { message, data, id } = press
  if (message === undefined || data === undefined || press.from.is_bot) return null
  const room = message.date === 0 ? { chat: message.chat.id } : roomOfMessage(message as Message)
  return {
    kind: 'act',
    query: id,
    incoming: {
      key: String(update_id),
      order: String(update_id),
      place: placeOf(room),
      person: personOfUser(press.from),
      at: new Date(now()).toISOString(),
      act: { kind: 'button', id: data },
      answerTo: answerTo(room, message.message_id, seen),
    },
  }
}

const personOfUser = ({ id, first_name, last_name, language_code }: User) => ({
  subject: String(id),
  name: [first_name, last_name].filter(part => part !== undefined && part !== '').join(' '),
  roles: [],
  admin: false,
  ...(language_code === undefined ? {} : { language: language_code }),
})

/**
 * `message`: what is answered. `after` and `privateAfter`: numbers that messages here, and in private chats, have had so far;
 * an answer that got lost has a higher one.
 */
const answerTo = ({ chat }: Room, message: number, seen: Seen): Record<string, string> => ({
  message: String(message),
  after: String(Math.max(message, seen.newest(chat))),
  privateAfter: String(seen.newest(1)),
})
