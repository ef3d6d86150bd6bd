import type { Markup } from '../chat/pages.ts'

/** The most a message may hold, in UTF-16 units after its tags and entities are read. */
export const LONGEST_TEXT = 4096
/** The same for the text under a file. */
export const LONGEST_CAPTION = 1024

const WORD_JOINER = '\u2060'

// Control characters are refused by the platform; those that turn the direction of writing make one text look like another.
const unwanted = /(?![\n\t])[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu

const clean = (text: string): string => text.replace(/\r\n?/g, '\n').replace(unwanted, '').toWellFormed()

const escapeTags = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

// What Telegram makes live by itself, each broken where the invisible character goes in: schemes, domains, addresses of
// numbers, mentions and e-mail, commands, hashtags and cashtags, telephone numbers.
const live: readonly RegExp[] = [
  /(?<=[a-z][a-z0-9+.-]*:)(?=\/\/)/giu,
  /(?<=[\p{L}\p{N}_-]\.)(?=\p{L})/gu,
  /(?<=\d\.)(?=\d+\.\d+\.\d)/g,
  /(?<=@)(?=[\p{L}\p{N}_])/gu,
  /(?<=(?<![\p{L}\p{N}_/<])\/)(?=[a-z0-9_])/giu,
  /(?<=#)(?=[\p{L}\p{N}_])/gu,
  /(?<=\$)(?=[A-Z])/g,
  /(?<=\+)(?=\d[\d\s().-]{4,})/g,
]

/**
 * Text in which nothing is live: Telegram turns addresses, `@names`, `/commands` and `#tags` of any text into links, and a
 * name that somebody chose would ping or send people elsewhere. An invisible word joiner stops each.
 */
const inert = (text: string): string =>
  live.reduce((made, pattern) => made.replace(pattern, WORD_JOINER), clean(text))

/** What stays of rendered text without its tags, for the rare message that Telegram cannot parse. */
export const plainText = (rendered: string): string =>
  inert(
    rendered
      .replace(/<[^>]*>/g, '')
      .replaceAll(WORD_JOINER, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&'),
  )

/** How Telegram writes text: its HTML. Code stays as it is, because nothing becomes live in it. */
export const markup: Markup = {
  escape: text => escapeTags(inert(text)),
  bold: text => `<b>${escapeTags(inert(text))}</b>`,
  quiet: text => `<i>${escapeTags(inert(text))}</i>`,
  code: text => `<code>${escapeTags(clean(text))}</code>`,
  block: text => `<pre>${escapeTags(clean(text))}</pre>`,
  link: (text, url) => `<a href="${escapeTags(url)}">${escapeTags(inert(text))}</a>`,
  modelLink: url => `<code>${escapeTags(clean(url))}</code> ↗`,
  length: rendered => rendered.replace(/<[^>]*>/g, '').replace(/&(?:lt|gt|amp|quot);/g, '_').length,
}
