import { styleText } from 'node:util'
import { durationText } from './format.ts'
import type { ProgressReply, Reply, Tone } from './reply.ts'

/** How wide a text may be, and whether it may be coloured. */
export interface Look {
  readonly columns: number
  readonly colour: boolean
  /** Choices are shown with a number to type; without, with the line that each of them sends. */
  readonly numbered?: boolean
}

type Style = Parameters<typeof styleText>[0]

const paint = (look: Look, style: Style, text: string): string =>
  look.colour ? styleText(style, text, { validateStream: false }) : text

const tones: Readonly<Record<Tone, Style | null>> = { plain: null, good: 'green', bad: 'red', quiet: 'dim' }

// C0 and C1 controls: a model's or another person's text could move the cursor or retitle the window with them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const controls = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g

/** A text without control characters but for line ends; tabs become spaces. */
export const safeText = (text: string): string => text.replaceAll('\t', '  ').replace(controls, '')

/** Writes a reply as lines for a terminal, with the line end; parts of a streamed text come as they are. */
export const terminalText = (reply: Reply, look: Look): string => {
  switch (reply.kind) {
    case 'part':
      return safeText(reply.text)
    case 'text': {
      const style = tones[reply.tone ?? 'plain']
      const wrapped = wrap(safeText(reply.text), look.columns).join('\n')
      return `${style === null ? wrapped : paint(look, style, wrapped)}\n`
    }
    case 'progress':
      return `${progressLine(reply, look)}\n`
    case 'choices':
      return choicesText(reply, look)
    case 'card':
      return cardText(reply, look)
    case 'table':
      return tableText(reply, look)
    case 'file':
      return `${safeText(reply.name)}, ${reply.bytes.length} bytes\n`
  }
}

/** `Training beekeeping ███████░░░░  63 %  loss 1.234  2,345 tokens/s  1 min 5 s left` */
export const progressLine = (reply: ProgressReply, look: Look): string => {
  const part = reply.steps > 0 ? Math.min(1, reply.step / reply.steps) : 0
  const facts = [
    `${Math.floor(part * 100)} %`.padStart(5),
    `step ${reply.step} of ${reply.steps}`,
    reply.loss === undefined ? '' : `loss ${reply.loss.toFixed(3)}`,
    reply.tokensPerSecond === undefined
      ? ''
      : `${Math.round(reply.tokensPerSecond).toLocaleString('en-US')} tokens/s`,
    reply.secondsLeft === undefined ? '' : `${durationText(reply.secondsLeft)} left`,
  ].filter(fact => fact !== '')
  const label = safeText(reply.label)
  const room = look.columns - label.length - facts.join('  ').length - 5
  const cells = Math.max(4, Math.min(30, room))
  const full = Math.round(part * cells)
  const bar = paint(look, 'cyan', '█'.repeat(full)) + paint(look, 'dim', '░'.repeat(cells - full))
  return clipFacts(`${label} `, bar, cells, facts, look)
}

// A bar that wraps onto a second line cannot be redrawn in place: facts are left out from the end instead.
const clipFacts = (label: string, bar: string, cells: number, facts: string[], look: Look): string => {
  const shown = [...facts]
  const width = () => label.length + cells + 1 + shown.join('  ').length
  while (shown.length > 1 && width() >= look.columns) shown.pop()
  return `${label}${bar} ${shown.join('  ')}`
}

const choicesText = (reply: Extract<Reply, { kind: 'choices' }>, look: Look): string => {
  const head = reply.text === '' ? '' : `${wrap(safeText(reply.text), look.columns).join('\n')}\n`
  if (look.numbered === true) {
    const options = reply.choices.map(
      ({ label }, at) => `${paint(look, 'cyan', String(at + 1))} ${safeText(label)}`,
    )
    return `${head}  ${options.join('   ')}\n`
  }
  const width = Math.max(...reply.choices.map(({ label }) => widthOf(label)))
  const lines = reply.choices.map(
    ({ label, line }) => `  ${pad(safeText(label), width)}  ${safeText(line)}\n`,
  )
  return head + lines.join('')
}

const cardText = (reply: Extract<Reply, { kind: 'card' }>, look: Look): string => {
  const width = Math.min(24, Math.max(0, ...reply.fields.map(({ label }) => widthOf(label))))
  const fields = reply.fields.map(({ label, value }) => {
    const [first = '', ...rest] = wrap(safeText(value), Math.max(20, look.columns - width - 4))
    const more = rest.map(line => `\n${' '.repeat(width + 4)}${line}`).join('')
    return `  ${paint(look, 'dim', pad(safeText(label), width))}  ${first}${more}\n`
  })
  const body = reply.body === undefined ? '' : `${wrap(safeText(reply.body), look.columns).join('\n')}\n`
  return `${paint(look, 'bold', wrap(safeText(reply.title), look.columns).join('\n'))}\n${body}${fields.join('')}`
}

const tableText = (reply: Extract<Reply, { kind: 'table' }>, look: Look): string => {
  const cells = reply.rows.map(row => row.map(safeText))
  const widths = reply.columns.map(({ label }, at) =>
    Math.max(widthOf(label), ...cells.map(row => widthOf(row[at] ?? ''))),
  )
  // What does not fit is taken from the last column, which wraps.
  const last = widths.length - 1
  const before = widths.slice(0, last).reduce((sum, width) => sum + width + 2, 2)
  widths[last] = Math.min(widths[last] ?? 0, Math.max(16, look.columns - before))
  const line = (row: readonly string[]): string => {
    const [first = '', ...rest] = wrap(row[last] ?? '', widths[last] ?? 16)
    const head = row
      .slice(0, last)
      .map((cell, at) => pad(cell, widths[at] ?? 0, reply.columns[at]?.numeric))
      .concat(pad(first, widths[last] ?? 0, reply.columns[last]?.numeric))
      .join('  ')
    return `  ${head.trimEnd()}\n${rest.map(more => `${' '.repeat(before)}${more}\n`).join('')}`
  }
  const title = reply.title === undefined ? '' : `${paint(look, 'bold', safeText(reply.title))}\n`
  const note =
    reply.note === undefined
      ? ''
      : `${paint(look, 'dim', wrap(safeText(reply.note), look.columns).join('\n'))}\n`
  return `${title}${paint(look, 'dim', line(reply.columns.map(({ label }) => label)).trimEnd())}\n${cells.map(line).join('')}${note}`
}

const segments = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/u

/** Columns a text takes in a terminal: East Asian characters and emoji take two. */
export const widthOf = (text: string): number => {
  let width = 0
  for (const { segment } of segments.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}

const pad = (text: string, width: number, right = false): string => {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return right ? space + text : text + space
}

/** Breaks a text at spaces so that no line is wider than `columns`; longer words are cut. */
export const wrap = (text: string, columns: number): string[] =>
  text.split('\n').flatMap(paragraph => {
    const lines: string[] = []
    let line = ''
    for (let word of paragraph.split(' ')) {
      if (line !== '' && widthOf(line) + 1 + widthOf(word) > columns) {
        lines.push(line)
        line = ''
      }
      while (widthOf(word) > columns) {
        const head = fitting(word, columns)
        lines.push(head)
        word = word.slice(head.length)
      }
      line = line === '' ? word : `${line} ${word}`
    }
    return [...lines, line]
  })

/** The longest beginning of a word that fits, at least one character. */
const fitting = (word: string, columns: number): string => {
  let head = ''
  for (const { segment } of segments.segment(word)) {
    if (head !== '' && widthOf(head) + widthOf(segment) > columns) break
    head += segment
  }
  return head
}
