import type { Document, Message, MessageEntity, UserFromGetMe } from 'grammy/types'
import { ownCommands as chatCommands } from '../chat/own-commands.ts'
import { type Command, findCommand } from '../commands.ts'
import { parseRows } from '../rows.ts'

/** Commands that the conversation has besides the verbs. */
const ownCommands = new Set(['help', 'model', 'cancel', ...chatCommands.map(({ name }) => name)])

interface Speaker {
  readonly me: UserFromGetMe
  readonly commands: readonly Command[]
}

/** A command's name in Telegram's menu, which takes letters, digits and underscores; null where it has no such name. */
export const menuName = (name: string): string | null => {
  const made = name.toLowerCase().replaceAll('-', '_')
  return /^[a-z0-9_]{1,32}$/.test(made) ? made : null
}

const commandOf = (menu: string, commands: readonly Command[]): string | null => {
  const name = menu.toLowerCase()
  const hyphened = name.replaceAll('_', '-')
  if (ownCommands.has(name)) return name
  return [name, hyphened].find(word => findCommand(commands, word) !== undefined) ?? null
}

/**
 * What a message says to the bot, as a line of the conversation; null where it is not meant for the bot. In a group only
 * commands, mentions and replies to the bot are: what people say to each other is nobody's business.
 */
export const addressedLine = (message: Message, { me, commands }: Speaker): string | null => {
  // Entities count in the text as it came; the word joiners come with what people copy from us.
  const raw = message.text ?? message.caption ?? ''
  const text = raw.replaceAll('\u2060', '')
  const isPrivate = message.chat.type === 'private'
  const command = /^\/([a-z0-9_-]{1,64})(?:@(\w+))?(?=\s|$)/i.exec(text)
  if (command !== null) {
    const [whole, name = '', addressee] = command
    if (addressee !== undefined && addressee.toLowerCase() !== me.username.toLowerCase()) return null
    const rest = text.slice(whole.length)
    const known = commandOf(name, commands)
    if (known === 'start') return startLine(rest.trim(), commands)
    if (known !== null) return `/${known}${rest}`
    // Another bot of the group may know it.
    return isPrivate || addressee !== undefined ? `/${name}${rest}` : null
  }
  if (isPrivate) return text
  const entities: readonly MessageEntity[] = message.entities ?? message.caption_entities ?? []
  const mention = entities.find(
    ({ type, offset, length }) =>
      type === 'mention' &&
      raw.slice(offset, offset + length).toLowerCase() === `@${me.username.toLowerCase()}`,
  )
  if (mention !== undefined)
    return `${raw.slice(0, mention.offset)}${raw.slice(mention.offset + mention.length)}`
      .replaceAll('\u2060', '')
      .trim()
  const answered = message.reply_to_message
  // In a topic that the bot opened, what answers nothing seems to answer the message that opened it.
  const toBot = answered?.from?.id === me.id && answered.forum_topic_created === undefined
  return toBot ? text : null
}

/** Effects of commands that a link may type: those that change nothing, and those that ask before they do. */
const linked = new Set(['read', 'money', 'vote'])
const linkedNames = new Set(['contribute', 'link'])

/**
 * The line behind a deep link: `contribute_bees`, `ask_bees`, `link_CODE`; the greeting for anything else. A link never
 * makes somebody do what they did not confirm.
 */
const startLine = (payload: string, commands: readonly Command[]): string => {
  const [, word = '', rest = ''] = /^([a-z0-9-]+)(?:_(.+))?$/i.exec(payload) ?? []
  if (word === 'ask' && rest !== '') return `/model ${rest}`
  const command = findCommand(commands, word.toLowerCase())
  const allowed = command !== undefined && (linked.has(command.effect) || linkedNames.has(command.name))
  return allowed ? `/${command.name}${rest === '' ? '' : ` ${rest}`}` : '/start'
}

/**
 * Whether a line has the bot do something: a command, also one in a single word, or a yes. Forwarded, its words are
 * somebody else's.
 */
export const isOrder = (line: string, commands: readonly Command[]): boolean => {
  const [, word = ''] = /^([a-z]+)[?.!]?$/i.exec(line.trim()) ?? []
  return (
    line.trim().startsWith('/') ||
    /^(y|yes|ok|sure)$/i.test(word) ||
    findCommand(commands, word.toLowerCase()) !== undefined
  )
}

/** What a link carries to have a line typed in the private chat; null where a link cannot carry it. */
export const startPayload = (line: string): string | null => {
  const payload = line.trim().replace(/^\//, '').replace(/\s+/, '_')
  return line.startsWith('/') && /^[\w-]{1,64}$/.test(payload) ? payload : null
}

/** A message of somebody that a person wants to give as an answer. `words` null: its question is missing. */
export interface Contributed {
  readonly author: string
  readonly words: Readonly<Record<string, string>> | null
  readonly document?: Document
}

/** Reads `/contribute beekeeping What is a nuc?` said in reply to a message; null where it is not said in reply to one. */
export const contributedMessage = (line: string, message: Message, me: UserFromGetMe): Contributed | null => {
  const answered = message.reply_to_message
  const [, rest] = /^\/contribute(?:\s+([\s\S]*))?$/.exec(line) ?? []
  if (!line.startsWith('/contribute') || answered === undefined || answered.from?.id === me.id) return null
  const text = (answered.text ?? answered.caption ?? '').trim()
  const author = answered.from?.first_name ?? answered.sender_chat?.title ?? ''
  if (answered.document !== undefined) return { author, words: null, document: answered.document }
  if (text === '') return null
  const [, proposal = '', question = ''] =
    /^(?:([a-z0-9-]+)(?:\s+|$))?([\s\S]*)$/.exec((rest ?? '').trim()) ?? []
  if (question.trim() !== '')
    return {
      author,
      words: { proposal, rows: JSON.stringify([{ question: question.trim(), answer: text }]) },
    }
  return { author, words: isRows(text) ? { proposal, rows: text } : null }
}

const isRows = (text: string): boolean => {
  try {
    return parseRows(text).length > 0
  } catch {
    return false
  }
}
