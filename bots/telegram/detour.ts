import type { Chats } from '../../tools/chats.ts'
import { adminCommands } from '../chat/own-commands.ts'
import type { Incoming } from '../chat/platform.ts'
import { publicCommands } from '../chat/public-commands.ts'
import type { ButtonAct } from '../chat/view.ts'
import { type Command, findCommand } from '../commands.ts'

/** What a group may read, and what only works in one; everything else is between the person and the bot. */
const forGroups: ReadonlySet<string> = new Set([...publicCommands, 'cancel', 'start', ...adminCommands])

/** The line that an act comes to, as far as it is a command, also one said in a single word; null otherwise. */
const commandLine = async (
  { act, place }: Incoming,
  commands: readonly Command[],
  chats: Pick<Chats, 'button'>,
): Promise<string | null> => {
  if (act.kind === 'command') return `/${[act.name, ...Object.values(act.words)].join(' ')}`
  if (act.kind !== 'button') {
    if (act.line.startsWith('/')) return act.line
    // A file without a command can only be rows.
    if (act.kind === 'file') return '/contribute'
    const [, word = ''] = /^([a-z]+)[?.!]?$/i.exec(act.line.trim()) ?? []
    const command = findCommand(commands, word.toLowerCase())
    return command === undefined ? null : `/${command.name}`
  }
  const pressed = (await chats.button(place.platform, act.id))?.act as ButtonAct | undefined
  return pressed?.kind === 'line' && pressed.line.startsWith('/') ? pressed.line : null
}

/**
 * Takes what concerns somebody's money, votes or data out of a group: the conversation goes on in their private chat, where
 * what they type next is heard too. Telegram shows a message in a group to everybody, so there is no other way to answer
 * one person alone. Throws faults of the database.
 */
export const detour = async (
  incoming: Incoming,
  commands: readonly Command[],
  chats: Pick<Chats, 'button'>,
): Promise<Incoming> => {
  if (incoming.place.community === null) return incoming
  const line = await commandLine(incoming, commands, chats)
  const name = /^\/(\S+)/.exec(line ?? '')?.[1]?.toLowerCase()
  if (line === null || name === undefined) return incoming
  if (forGroups.has(findCommand(commands, name)?.name ?? name)) return incoming
  const { place, person, answerTo } = incoming
  return {
    ...incoming,
    place: { ...place, chat: person.subject },
    answerTo: { ...answerTo, group: place.chat, line },
  }
}
