import { durationText } from '../format.ts'
import type { Field, ProgressReply } from '../reply.ts'
import { widthOf } from '../terminal-text.ts'
import type { Block } from './platform.ts'

/** A text in one style of a `Markup`. */
export interface Span {
  readonly style: 'escape' | 'bold' | 'quiet' | 'block' | 'modelLink'
  readonly text: string
}

/** A paragraph. `apart`: an empty line stands before it. */
export interface Piece {
  readonly apart: boolean
  readonly spans: readonly Span[]
}

/** Columns of a code block that a phone shows without breaking its lines. */
const PHONE_COLUMNS = 34

/** What blocks say, as paragraphs. */
export const pieces = (blocks: readonly Block[]): Piece[] => blocks.flatMap(block => piecesOf(block))

const piece = (apart: boolean, ...spans: Span[]): Piece => ({ apart, spans })
const plain = (text: string): Span => ({ style: 'escape', text })
const bold = (text: string): Span => ({ style: 'bold', text })
const quiet = (text: string): Span => ({ style: 'quiet', text })

const piecesOf = (block: Block): Piece[] => {
  switch (block.kind) {
    case 'text':
      return [piece(true, block.tone === 'quiet' ? quiet(block.text) : plain(block.text))]
    case 'answer':
      return [piece(true, ...modelSpans(block.text))]
    case 'progress':
      return [piece(true, plain(progressText(block)))]
    case 'card':
      return [
        piece(true, bold(block.title)),
        ...(block.body === undefined ? [] : [piece(false, plain(block.body))]),
        ...block.fields.map(field => piece(false, ...fieldSpans(field))),
      ]
    case 'table':
      return [
        ...(block.title === undefined ? [] : [piece(true, bold(block.title))]),
        ...tablePieces(block),
        ...(block.note === undefined ? [] : [piece(true, quiet(block.note))]),
      ]
  }
}

const fieldSpans = ({ label, value }: Field): Span[] => [bold(`${label}:`), plain(` ${value}`)]

type Table = Extract<Block, { kind: 'table' }>

/** Columns where they fit a phone, else one paragraph a row: its first cell, then the others, numbers with their label. */
const tablePieces = ({ columns, rows }: Table): Piece[] => {
  const all = [columns.map(({ label }) => label), ...rows]
  const widths = columns.map((_, at) => Math.max(...all.map(row => widthOf(row[at] ?? ''))))
  const width = widths.reduce((sum, each) => sum + each, 2 * (columns.length - 1))
  if (width <= PHONE_COLUMNS && !all.some(row => row.some(cell => cell.includes('\n')))) {
    const line = (row: readonly string[]) =>
      row
        .map((cell, at) => {
          const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)))
          return columns[at]?.numeric === true ? space + cell : cell + space
        })
        .join('  ')
        .trimEnd()
    return [piece(false, { style: 'block', text: all.map(line).join('\n') })]
  }
  return rows.map(([first = '', ...others]) => {
    const values = others.flatMap((cell, at) => {
      const column = columns[at + 1]
      if (cell === '') return []
      return [column?.numeric === true ? `${column.label} ${cell}` : cell]
    })
    return piece(false, bold(`${first}:`), plain(` ${values.join(' · ')}`))
  })
}

const CELLS = 12

/** A bar that is text, with what is known of the progress. */
const progressText = ({ label, step, steps, loss, tokensPerSecond, secondsLeft }: ProgressReply): string => {
  const part = steps > 0 ? Math.min(1, Math.max(0, step / steps)) : 0
  const full = Math.round(part * CELLS)
  const facts = [
    `${Math.floor(part * 100)} %`,
    `step ${step} of ${steps}`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(3)}`]),
    ...(tokensPerSecond === undefined
      ? []
      : [`${Math.round(tokensPerSecond).toLocaleString('en-US')} tokens/s`]),
    ...(secondsLeft === undefined ? [] : [`${durationText(secondsLeft)} left`]),
  ]
  return `${label}\n${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${facts.join(' · ')}`
}

// Addresses with a scheme, with www, or with a path. A bare name with a dot is left to `escape`: most are no addresses.
const address =
  /\b(?:[a-z][a-z0-9+.-]{1,20}:\/\/|mailto:|www\.)[^\s<>"]+|\b(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\/[^\s<>"]*/gi

/** What a model wrote, with every address apart. */
export const modelSpans = (text: string): Span[] => {
  const spans: Span[] = []
  let from = 0
  for (const match of text.matchAll(address)) {
    const url = match[0].replace(/[.,;:!?)\]}]+$/, '')
    spans.push(plain(text.slice(from, match.index)), { style: 'modelLink', text: url })
    from = match.index + url.length
  }
  spans.push(plain(text.slice(from)))
  return spans.filter(({ text }) => text !== '')
}
