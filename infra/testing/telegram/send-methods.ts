import type { Message, MessageEntity } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { type FormattedText, formatText } from './html-entities.ts'
import type { FakeMessage, StoredFile } from './message.ts'
import { placementOf } from './place.ts'
import { readKeyboards } from './reply-markup.ts'
import type { Room } from './room.ts'
import type { World } from './world.ts'

/** What the bot calls: returns the result, or throws an ApiError. */
export type Method = (world: World, call: Call) => unknown

// After parsing, in UTF-16 code units: the stricter reading of "characters".
export const LONGEST_TEXT = 4096
const LONGEST_CAPTION = 1024

/** The text of a call, of the length that the platform takes. */
export const textOf = (call: Call, empty = false): FormattedText => {
  const formatted = formatText(
    call.text('text'),
    call.text('parse_mode'),
    call.object<MessageEntity[]>('entities'),
  )
  if (formatted.text === '' && !empty) throw badRequest('message text is empty')
  if (formatted.text.length > LONGEST_TEXT) throw badRequest('message is too long')
  return formatted
}

/** The caption of a call; an absent one is an empty text. */
export const captionOf = (call: Call): FormattedText => {
  const formatted = formatText(
    call.text('caption'),
    call.text('parse_mode'),
    call.object<MessageEntity[]>('caption_entities'),
  )
  if (formatted.text.length > LONGEST_CAPTION) throw badRequest('message caption is too long')
  return formatted
}

export const textContent = ({ text, entities }: FormattedText): Partial<Message> => ({
  text,
  ...(entities.length === 0 ? {} : { entities }),
})

export const captionContent = ({ text, entities }: FormattedText): Partial<Message> => ({
  ...(text === '' ? {} : { caption: text }),
  ...(entities.length === 0 ? {} : { caption_entities: entities }),
})

/** A file as a message shows it. */
export const documentContent = (file: StoredFile): Partial<Message> => ({
  document: {
    file_id: file.id,
    file_unique_id: file.uniqueId,
    file_name: file.name,
    file_size: file.size,
  },
})

const photoContent = (file: StoredFile): Partial<Message> => ({
  photo: [{ file_id: file.id, file_unique_id: file.uniqueId, file_size: file.size, width: 800, height: 600 }],
})

const postFromBot = (world: World, room: Room, call: Call, content: Partial<Message>): FakeMessage => {
  const { inline, letters } = readKeyboards(call)
  const place = placementOf(room, call, world.botIsAdmin(room))
  const markup = inline === undefined ? {} : { reply_markup: inline }
  room.draft = undefined
  const message = world.post(room, world.bot, { ...place, ...content, ...markup })
  message.letters = letters
  return message
}

const fileOf = (world: World, call: Call, field: string): StoredFile => {
  const upload = call.upload(field)
  if (upload !== undefined) {
    if (upload.bytes.length === 0) throw badRequest('file must be non-empty')
    return world.keepFile(upload.name, upload.bytes)
  }
  if (!call.has(field)) throw badRequest(`there is no ${field} in the request`)
  const known = world.files.get(call.text(field))
  if (known === undefined) throw badRequest('wrong remote file identifier specified: Wrong string length')
  return known
}

const sendFile =
  (field: 'document' | 'photo'): Method =>
  (world, call) => {
    const room = world.writable(call)
    const caption = captionContent(captionOf(call))
    const file = fileOf(world, call, field)
    const content = field === 'document' ? documentContent(file) : photoContent(file)
    const message = postFromBot(world, room, call, { ...content, ...caption })
    message.file = file
    return message.message
  }

const sourceOf = (world: World, call: Call): FakeMessage => {
  const from = world.room(call, 'from_chat_id')
  const message = from.messages.get(call.integer('message_id') ?? 0)
  if (message === undefined || message.deleted)
    throw badRequest(`message to ${call.method.replace(/Message$/, '')} not found`)
  return message
}

const contentOf = ({ message }: FakeMessage): Partial<Message> => {
  const { text, entities, caption, caption_entities, document, photo } = message
  const all = { text, entities, caption, caption_entities, document, photo }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** Methods that put a new message in a chat, and those that only show something for a moment. */
export const sendMethods: Readonly<Record<string, Method>> = {
  sendMessage: (world, call) => {
    const room = world.writable(call)
    return postFromBot(world, room, call, textContent(textOf(call))).message
  },
  sendDocument: sendFile('document'),
  sendPhoto: sendFile('photo'),
  copyMessage: (world, call) => {
    const room = world.writable(call)
    const source = sourceOf(world, call)
    const copy = postFromBot(world, room, call, contentOf(source))
    copy.file = source.file
    return { message_id: copy.id }
  },
  forwardMessage: (world, call) => {
    const room = world.writable(call)
    const source = sourceOf(world, call)
    const { from = world.bot, date } = source.message
    const copy = postFromBot(world, room, call, {
      ...contentOf(source),
      forward_origin: { type: 'user', sender_user: from, date },
    })
    copy.file = source.file
    return copy.message
  },
  sendMessageDraft: (world, call) => {
    const room = world.writable(call)
    if (room.kind !== 'private') throw badRequest('TEXTDRAFT_PEER_INVALID')
    const id = call.integer('draft_id') ?? 0
    if (id === 0) throw badRequest('draft_id must be non-zero')
    room.draft = { id, text: textOf(call, true).text }
    return true
  },
  sendChatAction: (world, call) => {
    const room = world.writable(call)
    const action = call.text('action')
    if (
      !/^(typing|(upload|record)_(photo|video|voice|video_note)|upload_document|choose_sticker|find_location)$/.test(
        action,
      )
    )
      throw badRequest('wrong parameter action in request')
    room.actions.push(action)
    return true
  },
}
