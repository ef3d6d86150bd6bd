import type { Api } from 'grammy'
import type { Log } from '../../infra/log.ts'
import type { Chats } from '../../tools/chats.ts'
import type { Incoming, Outcome, Place, Platform, Role, Shown, View } from '../chat/platform.ts'
import { type Content, contentOf } from './content.ts'
import { messageOf, placeOf, roomOf } from './ids.ts'
import { startPayload } from './line.ts'
import { LONGEST_TEXT, markup } from './markup.ts'
import type { Messages, Target } from './messages.ts'
import { faultOfCall, reasonOf, refusalOf } from './refusal.ts'
import type { Seen } from './seen.ts'
import { telegramSentences as say } from './sentences.ts'
import { topicNonce } from './topics.ts'

export interface PlatformParts {
  readonly api: Api
  readonly messages: Messages
  readonly seen: Seen
  readonly chats: Pick<Chats, 'trying' | 'shown'>
  readonly log: Log
  /** The bot's name without the @. */
  username(): string
}

/** Telegram lets a message of a chat change once a second. */
const EDIT_MS = 1000
/** How many of the newest known messages a search begins before, where nothing else says when a message was sent. */
const SEARCH_FROM = 5

const sentence = (words: string, button?: { label: string; url: string }): Content => ({
  html: markup.escape(words),
  keyboard:
    button === undefined ? undefined : { inline_keyboard: [[{ text: button.label, url: button.url }]] },
})

/** How a group was set up is for everybody in it to know; why it was not, for the admin alone. */
const concernsAll = ({ act }: Incoming, { blocks, final }: View): boolean =>
  act.kind === 'line' &&
  /^\/setup\b/.test(act.line) &&
  final &&
  blocks.every(block => block.kind === 'text' && block.tone === 'good')

/** Telegram as a platform of the chat core. */
export const telegramPlatform = (parts: PlatformParts): Platform => {
  const { api, messages, seen, chats, log, username } = parts

  const answerHere = (
    incoming: Incoming,
    content: Content,
    shown: Shown,
    final: boolean,
  ): Promise<Outcome> => {
    const { answerTo, place } = incoming
    const room = roomOf(place.chat)
    const target: Target = { room, after: Number(answerTo.after) }
    // In a private chat it is plain what is answered.
    if (room.chat < 0)
      return messages.show({ ...target, replyTo: Number(answerTo.message) }, content, shown, final)
    return messages.show(target, content, shown, final)
  }

  /** Answers what was said in a group in the person's private chat, and points there. */
  const answerAlone = async (
    incoming: Incoming,
    content: Content,
    shown: Shown,
    final: boolean,
  ): Promise<Outcome> => {
    const { answerTo, person, act, place } = incoming
    const group = roomOf(answerTo.group ?? place.chat)
    const replyTo = Number(answerTo.message)
    // The pointer stands there, because the person never opened the private chat: nothing more can be told.
    if (shown.message !== null && messageOf(shown.message).chat === group.chat)
      return { kind: 'shown', message: shown.message }
    const alone = { room: { chat: Number(person.subject) }, after: Number(answerTo.privateAfter) }
    const outcome = await messages.show(alone, content, shown, final)
    const isPress = act.kind === 'button'
    if (outcome.kind === 'gone' && outcome.reason === 'not-started') {
      // Whoever presses somebody else's button is not worth a message to all.
      if (isPress && answerTo.line === undefined) return outcome
      const payload = startPayload(answerTo.line ?? '') ?? 'hello'
      const url = `https://t.me/${username()}?start=${payload}`
      const pointer = sentence(say.openPrivately, { label: say.openChat, url })
      return messages.show({ room: group, replyTo, after: Number(answerTo.after) }, pointer, shown)
    }
    if (outcome.kind === 'shown' && shown.fresh === true && !isPress) await point(group, replyTo, shown)
    return outcome
  }

  /** Says in the group where the answer is. Left out rather than doubled: nobody needs it twice. */
  const point = async (room: Target['room'], replyTo: number, { nonce }: Shown): Promise<void> => {
    const pointer = sentence(say.answeredPrivately, {
      label: say.openChat,
      url: `https://t.me/${username()}`,
    })
    await messages
      .show({ room, replyTo, after: 0 }, pointer, {
        message: null,
        others: [],
        nonce: `${nonce}/pointer`,
        fresh: true,
      })
      .catch(() => {})
  }

  const answer: Platform['answer'] = (incoming, view: View, shown) => {
    const { author } = incoming.answerTo
    const content = contentOf(view, author === undefined ? undefined : say.wordsOf(author))
    const alone =
      incoming.answerTo.group !== undefined ||
      (view.private && roomOf(incoming.place.chat).chat < 0 && !concernsAll(incoming, view))
    return alone
      ? answerAlone(incoming, content, shown, view.final)
      : answerHere(incoming, content, shown, view.final)
  }

  const post: Platform['post'] = (to, view, shown) => {
    const room = 'subject' in to ? { chat: Number(to.subject) } : roomOf(to.place.chat)
    const known = shown.others
      .map(messageOf)
      .flatMap(({ chat, message }) => (chat === room.chat ? [message] : []))
      .sort((a, b) => b - a)
    const after = (known[SEARCH_FROM - 1] ?? known.at(-1) ?? 1) - 1
    return messages.show(
      { room, after: shown.fresh === true ? seen.newest(room.chat) : after },
      contentOf(view),
      shown,
    )
  }

  /** Telegram does not list topics, so the one that was opened for a name is noted. Without topics, the group itself serves. */
  const thread: Platform['thread'] = async (place: Place, name: string) => {
    const { chat } = roomOf(place.chat)
    const nonce = topicNonce(chat, name)
    const tried = await chats.trying({ nonce, platform: 'telegram', place: `topics:${chat}` })
    if (tried.message !== null) return placeOf(roomOf(tried.message))
    try {
      const { message_thread_id: topic } = await api.createForumTopic(chat, name.slice(0, 128).toWellFormed())
      await chats.shown(nonce, `${chat}/${topic}`, 'shown')
      return placeOf({ chat, topic })
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === 'unknown' || refusal === 'busy' || refusal === 'token')
        throw faultOfCall('createForumTopic', error)
      if (!/not a forum/i.test(reasonOf(error)))
        log.warn('telegram.no-topic', {
          reason: reasonOf(error),
          fix: 'Make the bot an admin of the group who may manage topics.',
        })
      return place
    }
  }

  /** A group's own places are the group and its topics; topics cannot be looked up, and their numbers mean nothing elsewhere. */
  const holds = async (community: string, chat: string): Promise<boolean> => {
    const [group, topic = '1', ...more] = chat.split('/')
    return group === community && /^\d{1,15}$/.test(topic) && more.length === 0
  }

  /** Telegram has no roles: what somebody is in a group, and the titles of its admins, serve as such. */
  const roles = async (community: string): Promise<Role[]> => {
    try {
      const admins = await api.getChatAdministrators(Number(community))
      const titles = admins.flatMap(({ custom_title: title }) => (title === undefined ? [] : [title]))
      return ['owner', 'admin', 'member', ...titles].map(name => ({ id: name, name }))
    } catch (error) {
      throw faultOfCall('getChatAdministrators', error)
    }
  }

  return {
    name: 'telegram',
    markup,
    limit: LONGEST_TEXT,
    editMilliseconds: EDIT_MS,
    answer,
    post,
    holds,
    roles,
    thread,
    async typing({ place }) {
      const { chat, topic } = roomOf(place.chat)
      await api.sendChatAction(chat, 'typing', topic === undefined ? {} : { message_thread_id: topic })
    },
  }
}
