import type { Markup } from '../chat/pages.ts'

/** Zero-width space: shows nothing, and what it parts is no mention any more. */
const GAP = '\u200B'

/** Text that Discord shows as it stands: no format, mention, emoji, time, list, heading, masked link or live address. */
const escaped = (text: string): string =>
  text
    .replaceAll(GAP, '')
    .replace(/[\\*_~`|[\]()<>]/g, '\\$&')
    .replace(/@(?=everyone|here|[!&\d])/gi, `@${GAP}`)
    // An address is live from its "://" on; an invitation also without.
    .replace(/:(?=\/\/)/g, '\\:')
    .replace(/(?<=\.[a-z]{2,12})\/(?=\S)/gi, '\\/')
    .replace(/^(\s*)([#+-])/gm, '$1\\$2')
    .replace(/^(\s*\d{1,9})([.)])/gm, '$1\\$2')

const within = (mark: string, text: string): string =>
  text.trim() === '' ? escaped(text) : `${mark}${escaped(text)}${mark}`

// Backticks in a row would end the code; with a gap between them they look the same.
const parted = (text: string): string => text.replaceAll(GAP, '').replace(/`(?=`)/g, `\`${GAP}`)

const code = (text: string): string => {
  const inside = parted(text.replace(/\s*\n\s*/g, ' '))
  if (inside.trim() === '') return inside
  if (!inside.includes('`')) return `\`${inside}\``
  // Code between double backticks may not touch one of its own.
  return `\`\`${inside.startsWith('`') ? ' ' : ''}${inside}${inside.endsWith('`') ? ' ' : ''}\`\``
}

/** Writes text for Discord. Pings are kept off by `allowed_mentions` besides: this is what people see. */
export const discordMarkup: Markup = {
  escape: escaped,
  bold: text => within('**', text),
  // Small print works at the beginning of a line, which is where pages put what is quiet.
  quiet: text =>
    text
      .split('\n')
      .map(line => (line.trim() === '' ? '' : `-# ${escaped(line)}`))
      .join('\n'),
  code,
  block: text => `\`\`\`\n${parted(text)}\n\`\`\``,
  link: (text, url) => `[${escaped(text)}](<${new URL(url).href}>)`,
  modelLink: url => `${code(url)} ↗`,
  // Discord counts code points, of which there are never more than these.
  length: rendered => rendered.length,
}
