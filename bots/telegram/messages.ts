import { type Api, InputFile } from 'grammy'
import type { Message } from 'grammy/types'
import { isFault } from '../../infra/errors.ts'
import type { Outcome, Shown } from '../chat/platform.ts'
import { Recent } from '../chat/recent.ts'
import type { Content } from './content.ts'
import { type MessageId, messageName, messageOf, type Room } from './ids.ts'
import { candidates } from './lost.ts'
import { plainText } from './markup.ts'
import type { Pacer } from './pace.ts'
import { faultOfCall, movedTo, type Refusal, reasonOf, refusalOf } from './refusal.ts'
import type { Seen } from './seen.ts'

/** Where a message goes. */
export interface Target {
  readonly room: Room
  /** The message that it answers. */
  readonly replyTo?: number
  /** A number that messages there had reached before this one was tried for the first time. */
  readonly after: number
}

export interface Messages {
  /** Sends a message or replaces it: see `Platform.answer`. `final` false: may be left out where there is no time for it. */
  show(target: Target, content: Content, shown: Shown, final?: boolean): Promise<Outcome>
}

const MOST_REMEMBERED = 5000
const noPreview = { link_preview_options: { is_disabled: true } } as const

const gone = (reason: string): Outcome => ({ kind: 'gone', reason })
const isShown = (id: MessageId): Outcome => ({ kind: 'shown', message: messageName(id) })

/** Numbers of one chat say nothing in another, and a private answer may be tried in two. */
const keyOf = ({ room }: Target, { nonce }: Shown): string => `${nonce}/${room.chat}`

/** A view that cannot be shown there any more, or null where trying again may help. */
const goneOutcome = (refusal: Refusal, error: unknown): Outcome | null => {
  if (refusal === 'not-started') return gone('not-started')
  return refusal === 'gone' || refusal === 'not-found' ? gone(reasonOf(error)) : null
}

/**
 * Opens the sending of messages, each exactly once. Telegram has no keys against doubling, and its bots cannot read a chat,
 * so where the answer of a send was lost (`Shown.message` null after a try), the message is looked for before it is sent
 * again: an edit to the same text and buttons is tried on the numbers that come into question. "Message is not modified"
 * proves that this number is the lost message; an edit that succeeds found an earlier view of it, and has made it the wanted
 * one; "not found" and "can't be edited" mean another message, or none. Messages that are known to be ours are left out,
 * because the edit would succeed on them. In a group, where answers to others may be lost at the same time, an edited
 * message counts only if it answers the right one; the other is put right by its own search.
 *
 * `probe` is the api for these edits: they have no turn in the pace, because Telegram does not count what it refuses.
 */
export const openMessages = (parts: {
  readonly api: Api
  readonly probe: Api
  readonly pacer: Pacer
  readonly seen: Seen
}): Messages => {
  const { api, probe, pacer, seen } = parts
  /** What this process sent or began to send: where, and the number reached before. */
  const tries = new Recent<string, { after: number; sent?: MessageId }>(MOST_REMEMBERED)
  const chains = new Map<number, Promise<unknown>>()
  const moved = new Map<number, number>()

  /** One send or search at a time in a chat: a search must not meet a message whose number is not known yet. */
  const alone = <T>(chat: number, work: () => Promise<T>): Promise<T> => {
    const before = chains.get(chat) ?? Promise.resolve()
    const mine = before.then(work, work)
    const settled = mine.then(
      () => {},
      () => {},
    )
    chains.set(chat, settled)
    void settled.then(() => {
      if (chains.get(chat) === settled) chains.delete(chat)
    })
    return mine
  }

  const edit = async (by: Api, id: MessageId, { html, keyboard }: Content): Promise<Message | true> => {
    const markup = keyboard === undefined ? {} : { reply_markup: keyboard }
    try {
      return await by.editMessageText(id.chat, id.message, html, {
        parse_mode: 'HTML',
        ...noPreview,
        ...markup,
      })
    } catch (error) {
      if (refusalOf(error) !== 'unparsable') throw error
      return by.editMessageText(id.chat, id.message, plainText(html), { ...noPreview, ...markup })
    }
  }

  const send = async ({ room, replyTo }: Target, { html, keyboard }: Content): Promise<Message> => {
    const options = {
      ...noPreview,
      ...(keyboard === undefined ? {} : { reply_markup: keyboard }),
      ...(room.topic === undefined ? {} : { message_thread_id: room.topic }),
      ...(replyTo === undefined
        ? {}
        : { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
    }
    try {
      return await api.sendMessage(room.chat, html, { parse_mode: 'HTML', ...options })
    } catch (error) {
      if (refusalOf(error) !== 'unparsable') throw error
      return api.sendMessage(room.chat, plainText(html), options)
    }
  }

  /** The lost message, which shows the content now; null where it was not found. */
  const find = async (target: Target, content: Content, shown: Shown): Promise<MessageId | null> => {
    const { chat } = target.room
    const tried = tries.get(keyOf(target, shown))
    if (tried?.sent !== undefined) {
      // The message was sent, and only its note was lost: it may be an earlier view.
      await edit(api, tried.sent, content).catch((error: unknown) => {
        if (refusalOf(error) !== 'not-modified') throw error
      })
      return tried.sent
    }
    const after = tried?.after ?? target.after
    // Without a number to begin with, nothing can be told apart.
    if (after === 0) return null
    const search = { chat, after, crashed: tried === undefined }
    for (const message of candidates(seen, search, shown.others)) {
      const id = { chat, message }
      try {
        const edited = await edit(probe, id, content)
        if (edited === true || target.replyTo === undefined || chat > 0) return id
        if (edited.reply_to_message?.message_id === target.replyTo) return id
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal === 'not-modified' || refusal === 'has-no-text') return id
        if (refusal === 'unknown' || refusal === 'busy') throw faultOfCall('editMessageText', error)
        if (refusal === 'gone' || refusal === 'not-started' || refusal === 'token') return null
      }
    }
    return null
  }

  const sendNew = (target: Target, content: Content, shown: Shown): Promise<Outcome> =>
    alone(target.room.chat, async () => {
      const { chat } = target.room
      const key = keyOf(target, shown)
      const found = shown.fresh === true ? null : await find(target, content, shown)
      if (found !== null) {
        seen.note(found)
        tries.set(key, { after: target.after, sent: found })
        return isShown(found)
      }
      const after = tries.get(key)?.after ?? Math.max(target.after, seen.newest(chat))
      tries.set(key, { after })
      try {
        const { message_id: message } = await send(target, content)
        seen.note({ chat, message })
        tries.set(key, { after, sent: { chat, message } })
        return isShown({ chat, message })
      } catch (error) {
        const outcome = goneOutcome(refusalOf(error), error)
        if (outcome === null) throw error
        return outcome
      }
    })

  /** Puts the whole content as a file in the message's place: repeating it changes nothing. */
  const attach = async (id: MessageId, { file, keyboard }: Content): Promise<void> => {
    if (file === undefined) return
    const document = () => new InputFile(file.bytes, file.name)
    const caption = { caption: file.caption, parse_mode: 'HTML' } as const
    const markup = keyboard === undefined ? {} : { reply_markup: keyboard }
    try {
      await api.editMessageMedia(
        id.chat,
        id.message,
        { type: 'document', media: document(), ...caption },
        markup,
      )
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === 'not-modified') return
      if (refusal === 'unknown' || refusal === 'busy') throw error
      // A server that cannot put a file in a text's place takes it as a message of its own.
      const answered = { message_id: id.message, allow_sending_without_reply: true }
      await api.sendDocument(id.chat, document(), { ...caption, reply_parameters: answered })
    }
  }

  const replace = async (target: Target, content: Content, shown: Shown): Promise<Outcome> => {
    const id = messageOf(shown.message ?? '')
    try {
      await edit(api, id, content)
    } catch (error) {
      const refusal = refusalOf(error)
      // Too old to be edited: the message stands as it is, and a new one takes its place.
      if (refusal === 'not-editable') return sendNew(target, content, { ...shown, message: null })
      const outcome = goneOutcome(refusal, error)
      if (outcome !== null) return outcome
      if (refusal !== 'not-modified' && refusal !== 'has-no-text') throw error
    }
    return isShown(id)
  }

  const show: Messages['show'] = async (target, content, shown, final = true) => {
    const room = { ...target.room, chat: moved.get(target.room.chat) ?? target.room.chat }
    if (!final && shown.message !== null && !pacer.plenty(room.chat)) return isShown(messageOf(shown.message))
    try {
      const outcome =
        shown.message === null
          ? await sendNew({ ...target, room }, content, shown)
          : await replace({ ...target, room }, content, shown)
      if (outcome.kind === 'shown') await attach(messageOf(outcome.message), content)
      return outcome
    } catch (error) {
      const chat = movedTo(error)
      if (chat === undefined || moved.has(target.room.chat))
        throw isFault(error)
          ? error
          : faultOfCall(shown.message === null ? 'sendMessage' : 'editMessageText', error)
      moved.set(target.room.chat, chat)
      return show(target, content, { ...shown, message: null }, final)
    }
  }
  return { show }
}
