import type { Message, ReactionType } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { formatText } from './html-entities.ts'
import type { FakeMessage } from './message.ts'
import { readKeyboards } from './reply-markup.ts'
import type { Room } from './room.ts'
import {
  captionContent,
  captionOf,
  documentContent,
  type Method,
  textContent,
  textOf,
} from './send-methods.ts'
import type { World } from './world.ts'

const NOT_MODIFIED =
  'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message'
const FORTY_EIGHT_HOURS = 48 * 60 * 60

const editable = (world: World, call: Call): FakeMessage => {
  if (call.has('inline_message_id')) throw badRequest('MESSAGE_ID_INVALID')
  const room = world.writable(call)
  if (!call.has('message_id')) throw badRequest('message identifier is not specified')
  const message = room.messages.get(call.integer('message_id') ?? 0)
  if (message === undefined || message.deleted) throw badRequest('message to edit not found')
  if (message.message.from?.id !== world.me.id) throw badRequest("message can't be edited")
  return message
}

/** Replaces the content and the buttons: buttons that an edit does not name go away, as on the platform. */
const apply = (world: World, call: Call, target: FakeMessage, content: Partial<Message>): Message => {
  const { inline } = readKeyboards(call)
  const { message } = target
  const { edit_date: _, reply_markup: old, ...kept } = message
  const next = { ...kept, ...content }
  for (const name of ['entities', 'caption', 'caption_entities'] as const)
    if (name in content || call.method === 'editMessageReplyMarkup') continue
    else delete next[name]
  const same =
    JSON.stringify([next.text, next.entities, next.caption, next.caption_entities, inline]) ===
    JSON.stringify([message.text, message.entities, message.caption, message.caption_entities, old])
  if (same) throw badRequest(NOT_MODIFIED)
  const markup = inline === undefined ? {} : { reply_markup: inline }
  target.message = { ...next, ...markup, edit_date: world.seconds() }
  target.edited = true
  return target.message
}

const remove = (world: World, room: Room, id: number): void => {
  const message = room.messages.get(id)
  if (message === undefined || message.deleted) throw badRequest('message to delete not found')
  const own = message.message.from?.id === world.me.id
  const allowed = own || room.kind === 'private' || world.botIsAdmin(room)
  const old = world.seconds() - message.message.date > FORTY_EIGHT_HOURS
  if (!allowed || (old && !world.botIsAdmin(room)) || message.message.forum_topic_created !== undefined)
    throw badRequest("message can't be deleted")
  message.deleted = true
}

const setReaction: Method = (world, call) => {
  const room = world.writable(call)
  const message = room.messages.get(call.integer('message_id') ?? 0)
  if (message === undefined || message.deleted) throw badRequest('message to react not found')
  const reactions = call.object<ReactionType[]>('reaction') ?? []
  // A bot may set one reaction on a message.
  if (reactions.length > 1) throw badRequest('REACTIONS_TOO_MANY')
  const emoji = reactions.map(one => (one.type === 'emoji' ? one.emoji : ''))
  if (emoji.some(one => !/^\p{Extended_Pictographic}/u.test(one))) throw badRequest('REACTION_INVALID')
  message.reactions.set(world.me.id, emoji)
  return true
}

/** Methods that change or remove what stands in a chat. */
export const editMethods: Readonly<Record<string, Method>> = {
  editMessageText: (world, call) => {
    const target = editable(world, call)
    const text = textOf(call)
    if (target.message.text === undefined) throw badRequest('there is no text in the message to edit')
    return apply(world, call, target, textContent(text))
  },
  editMessageCaption: (world, call) => {
    const target = editable(world, call)
    const caption = captionOf(call)
    if (target.message.text !== undefined) throw badRequest('there is no caption in the message to edit')
    return apply(world, call, target, captionContent(caption))
  },
  editMessageMedia: (world, call) => {
    const target = editable(world, call)
    const media = call.object<{ type: string; media: string; caption?: string; parse_mode?: string }>('media')
    if (media?.type !== 'document') throw badRequest('the fake puts only documents in place of a text')
    const upload = call.files.get(media.media.replace(/^attach:\/\//, ''))
    if (upload === undefined) throw badRequest('wrong file identifier/HTTP URL specified')
    const file = world.keepFile(upload.name, upload.bytes)
    const caption = formatText(media.caption ?? '', media.parse_mode ?? '', undefined)
    const { text: _, entities: __, ...kept } = target.message
    target.message = kept as Message
    target.file = file
    return apply(world, call, target, { ...documentContent(file), ...captionContent(caption) })
  },
  editMessageReplyMarkup: (world, call) => apply(world, call, editable(world, call), {}),
  deleteMessage: (world, call) => {
    remove(world, world.room(call), call.integer('message_id') ?? 0)
    return true
  },
  deleteMessages: (world, call) => {
    const room = world.room(call)
    const ids = call.object<number[]>('message_ids') ?? []
    if (ids.length > 100) throw badRequest('too many messages to delete')
    // What is not there is passed over, as the platform does.
    for (const id of ids) if (room.messages.get(id)?.deleted === false) remove(world, room, id)
    return true
  },
  setMessageReaction: setReaction,
}
