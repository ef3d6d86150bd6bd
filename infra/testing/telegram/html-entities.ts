import type { MessageEntity } from '@grammyjs/types'
import { badRequest } from './api-error.ts'
import { autoEntities } from './auto-entities.ts'

/** A text as people see it, with what is bold, linked and so on; offsets and lengths in UTF-16 code units. */
export interface FormattedText {
  readonly text: string
  readonly entities: MessageEntity[]
}

const KINDS: Readonly<Record<string, MessageEntity['type']>> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  span: 'spoiler',
  'tg-emoji': 'custom_emoji',
  a: 'text_link',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
}
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"' }

interface Open {
  readonly tag: string
  readonly offset: number
  readonly attributes: ReadonlyMap<string, string>
  readonly order: number
}

const decoded = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(lt|gt|amp|quot));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })

const cannotParse = (what: string) => badRequest(`can't parse entities: ${what}`)

const entityOf = ({ tag, offset, attributes }: Open, text: string): MessageEntity | undefined => {
  const length = text.length - offset
  const base = { offset, length }
  if (length === 0) return undefined
  if (tag === 'a') {
    const url = attributes.get('href') ?? text.slice(offset)
    if (!/^(https?|tg|tonsite|mailto):/i.test(url) && !/^[^\s/]+\.[^\s/]+/.test(url)) return undefined
    return { ...base, type: 'text_link', url }
  }
  if (tag === 'tg-emoji')
    return { ...base, type: 'custom_emoji', custom_emoji_id: attributes.get('emoji-id') ?? '' }
  if (tag === 'blockquote' && attributes.has('expandable'))
    return { ...base, type: 'expandable_blockquote' } as MessageEntity
  return { ...base, type: KINDS[tag] } as MessageEntity
}

const readAttributes = (source: string, tag: string, at: () => number): Map<string, string> => {
  const found = new Map<string, string>()
  const pattern = /\s*([^\s=>]+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+)))?/gy
  const trimmed = source.trimEnd()
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed)
    if (match === null) throw cannotParse(`Empty attribute name in the tag "${tag}" at byte offset ${at()}`)
    found.set(match[1]?.toLowerCase() ?? '', decoded(match[2] ?? match[3] ?? match[4] ?? ''))
  }
  return found
}

/** `<pre><code class="language-x">` is one block of code with a language. */
const joinCodeBlocks = (entities: MessageEntity[], languages: ReadonlyMap<MessageEntity, string>) =>
  entities.flatMap((entity): MessageEntity[] => {
    const same = (other: MessageEntity) => other.offset === entity.offset && other.length === entity.length
    if (entity.type === 'code' && entities.some(other => other.type === 'pre' && same(other))) return []
    if (entity.type !== 'pre') return [entity]
    const code = entities.find(other => other.type === 'code' && same(other))
    const language = code === undefined ? undefined : languages.get(code)
    return [language === undefined ? entity : { ...entity, language }]
  })

/** Reads `parse_mode: HTML`; throws the platform's own 400 where a tag is unknown, unclosed or crosses another. */
export const parseHtml = (html: string): FormattedText => {
  const byte = (index: number): number => Buffer.byteLength(html.slice(0, index))
  const open: Open[] = []
  const closed: { entity: MessageEntity; order: number }[] = []
  const languages = new Map<MessageEntity, string>()
  let text = ''
  let index = 0
  let order = 0
  while (index < html.length) {
    const start = html.indexOf('<', index)
    text += decoded(html.slice(index, start < 0 ? undefined : start))
    if (start < 0) break
    const [whole, slash, name = '', rest = ''] =
      /^<(\/?)([^\s>]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/.exec(html.slice(start)) ?? []
    if (whole === undefined) throw cannotParse(`Unclosed start tag at byte offset ${byte(start)}`)
    const tag = name.toLowerCase()
    index = start + whole.length
    if (slash === '') {
      if (KINDS[tag] === undefined)
        throw cannotParse(`Unsupported start tag "${tag}" at byte offset ${byte(start)}`)
      const attributes = readAttributes(rest, tag, () => byte(start))
      if (tag === 'span' && attributes.get('class') !== 'tg-spoiler')
        throw cannotParse(`Tag "span" must have class "tg-spoiler" at byte offset ${byte(start)}`)
      open.push({ tag, offset: text.length, attributes, order: order++ })
      continue
    }
    const last = open.pop()
    if (last === undefined) throw cannotParse(`Unexpected end tag at byte offset ${byte(start)}`)
    if (tag !== '' && tag !== last.tag)
      throw cannotParse(
        `Unmatched end tag at byte offset ${byte(start)}, expected "</${last.tag}>", found "</${tag}>"`,
      )
    const entity = entityOf(last, text)
    if (entity === undefined) continue
    closed.push({ entity, order: last.order })
    const language = /^language-(.+)$/.exec(last.attributes.get('class') ?? '')?.[1]
    if (language !== undefined) languages.set(entity, language)
  }
  const unclosed = open.at(-1)
  if (unclosed !== undefined)
    throw cannotParse(`Can't find end tag corresponding to start tag "${unclosed.tag}"`)
  const entities = closed.sort((a, b) => a.order - b.order).map(one => one.entity)
  return { text, entities: joinCodeBlocks(entities, languages) }
}

const trimmed = ({ text, entities }: FormattedText): FormattedText => {
  const end = text.trimEnd()
  const kept = entities
    .map(entity => ({ ...entity, length: Math.min(entity.length, end.length - entity.offset) }))
    .filter(entity => entity.length > 0)
  return { text: end, entities: kept }
}

/**
 * A text as the platform keeps it: parsed, trimmed at its end, and with what it finds by itself (links, mentions, commands).
 * Modes other than HTML are refused: nothing here uses them.
 */
export const formatText = (
  source: string,
  mode: string,
  given: MessageEntity[] | undefined,
): FormattedText => {
  if (!['', 'HTML'].includes(mode === 'html' ? 'HTML' : mode))
    throw badRequest(`unsupported parse_mode: the fake reads HTML only`)
  const parsed = mode === '' ? { text: source, entities: given ?? [] } : parseHtml(source)
  const { text, entities } = trimmed(parsed)
  return { text, entities: autoEntities(text, entities) }
}
