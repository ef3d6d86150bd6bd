import type { MessageEntity } from '@grammyjs/types'

// Bare domains become links too; the endings that people meet most.
const DOMAIN = 'com|org|net|io|dev|me|ai|app|co|xyz|eth|info|example|test'
const PATTERNS: readonly (readonly [MessageEntity['type'], RegExp])[] = [
  ['url', /https?:\/\/[^\s<>"'«»]+[^\s<>"'«».,;:!?)]/gi],
  ['email', /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g],
  ['url', new RegExp(`(?<![\\w@./-])(?:[a-z0-9-]+\\.)+(?:${DOMAIN})(?![\\w-])(?:/[^\\s<>"']*)?`, 'gi')],
  ['bot_command', /(?<![\w/<])\/[a-z0-9_]{1,32}(?:@\w{3,32})?(?![\w/])/gi],
  ['mention', /(?<![\w@])@[a-z0-9_]{3,32}(?!\w)/gi],
  ['hashtag', /(?<![\p{L}\d_#])#(?=[\p{L}\d_]*\p{L})[\p{L}\d_]{1,256}/giu],
]
const CLOSED: ReadonlySet<string> = new Set(['code', 'pre', 'text_link', 'text_mention'])

const crosses = (one: MessageEntity, offset: number, length: number): boolean =>
  one.offset < offset + length && offset < one.offset + one.length

/** Adds what the platform finds in any text by itself, outside code and links: addresses, commands, mentions, hashtags. */
export const autoEntities = (text: string, given: readonly MessageEntity[]): MessageEntity[] => {
  const found: MessageEntity[] = []
  for (const [type, pattern] of PATTERNS)
    for (const match of text.matchAll(pattern)) {
      const [whole] = match
      const taken = (one: MessageEntity) => crosses(one, match.index, whole.length)
      if (given.some(one => CLOSED.has(one.type) && taken(one)) || found.some(taken)) continue
      found.push({ type, offset: match.index, length: whole.length } as MessageEntity)
    }
  return [...given, ...found].sort((a, b) => a.offset - b.offset || b.length - a.length)
}
