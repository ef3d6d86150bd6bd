import { fault } from '../infra/errors.ts'
import { parseRows, type SentRow } from './rows.ts'

/** A piece of a document in its order: a heading, a paragraph, or a table's row. */
export interface Block {
  readonly kind: 'heading' | 'text' | 'cells'
  readonly text: string
  /** 1 is the highest; 0 where it is no heading. */
  readonly level: number
  readonly cells: readonly string[]
  /** Where it stands, as a person finds it: `line 12`, `page 3`. */
  readonly place: string
}

export const heading = (text: string, level: number, place: string): Block => ({
  kind: 'heading',
  text,
  level,
  cells: [],
  place,
})
export const paragraph = (text: string, place: string): Block => ({
  kind: 'text',
  text,
  level: 0,
  cells: [],
  place,
})
export const tableRow = (cells: readonly string[], place: string): Block => ({
  kind: 'cells',
  text: cells.join(' | '),
  level: 0,
  cells,
  place,
})

const unreadable = (place: string, why: string): Error =>
  fault('rows-unreadable', `At ${place}: ${why}.`, {
    fix: 'Write "Q: ..." and "A: ..." on lines of their own, or make every question a heading with its answer below.',
    facts: { place },
  })

/**
 * Reads a document's rows: `Q:` and `A:` pairs where there are any, else the rows of a table of questions and answers, else
 * headings with what stands below them, else lines as `parseRows` knows them. Where some headings are questions, only those
 * count. Throws `rows-unreadable` naming the place.
 */
export const rowsOfBlocks = (blocks: readonly Block[]): SentRow[] => {
  if (blocks.some(({ text }) => text.split('\n').some(line => mark.exec(line)?.[1]?.toLowerCase() === 'q')))
    return pairs(blocks)
  const cells = blocks.filter(block => block.kind === 'cells')
  if (cells.length > 0) return tableRows(cells)
  if (blocks.some(({ kind }) => kind === 'heading')) return headingRows(blocks)
  const [first] = blocks
  if (first === undefined) throw unreadable('the beginning', 'there is no text')
  try {
    return parseRows(blocks.map(({ text }) => text).join('\n'))
  } catch {
    throw unreadable(first.place, 'there are no questions with answers in it that I can tell apart')
  }
}

/** `Q:`, `**Question 3:**`, `A:`; what follows is the text. */
const mark = /^[\s*_>#-]{0,8}(q|a)(?:uestion|nswer)?\s{0,2}\d{0,4}\s{0,2}[:：][*_]{0,3}\s*(.*)$/i

const pairs = (blocks: readonly Block[]): SentRow[] => {
  const rows: { question: string; answer: string; place: string }[] = []
  let part: 'question' | 'answer' | null = null
  for (const { text, place } of blocks)
    for (const line of text.split('\n')) {
      const [, letter, rest = ''] = mark.exec(line) ?? []
      const row = rows.at(-1)
      if (letter?.toLowerCase() === 'q') {
        rows.push({ question: rest.trim(), answer: '', place })
        part = 'question'
      } else if (letter !== undefined && row !== undefined && part === 'question') {
        row.answer = rest.trim()
        part = 'answer'
      } else if (row !== undefined && part !== null) row[part] = `${row[part]}\n${line.trim()}`.trim()
    }
  return rows.map(({ place, ...row }) => checked(row, place))
}

const checked = (row: SentRow, place: string): SentRow => {
  if (row.question === '') throw unreadable(place, 'a "Q:" has no question after it')
  if (row.answer === '') throw unreadable(place, 'a question has no answer below it')
  return row
}

const headings = /^(questions?|prompt)$/i

const tableRows = (rows: readonly Block[]): SentRow[] => {
  const [first] = rows
  const body = headings.test(first?.cells[0]?.trim() ?? '') ? rows.slice(1) : rows
  return body.map(({ cells, place }) => {
    const [question = '', answer = ''] = cells.map(cell => cell.trim())
    if (question === '' || answer === '')
      throw unreadable(place, 'a row of the table needs a question and an answer')
    return { question, answer }
  })
}

const headingRows = (blocks: readonly Block[]): SentRow[] => {
  const isQuestion = ({ kind, text }: Block) => kind === 'heading' && /[?？]\s*$/.test(text)
  const asking = blocks.some(isQuestion)
  const rows: (SentRow & { place: string; level: number })[] = []
  let open: (SentRow & { place: string; level: number }) | null = null
  for (const block of blocks) {
    if (block.kind === 'heading' && (!asking || isQuestion(block) || block.level <= (open?.level ?? 0))) {
      open = { question: block.text.trim(), answer: '', place: block.place, level: block.level }
      if (!asking || isQuestion(block)) rows.push(open)
    } else if (open !== null) open.answer = `${open.answer}\n${block.text}`.trim()
  }
  // A title and a chapter have other headings below them, and no answer: only a question has to have one.
  const told = asking ? rows : rows.filter(({ answer }) => answer !== '')
  if (told.length === 0) throw unreadable(blocks[0]?.place ?? 'the beginning', 'no heading has text below it')
  return told.map(({ question, answer, place }) => checked({ question, answer }, place))
}

/** A Markdown document's blocks: ATX headings, paragraphs, table rows; what stands in a code fence is text. */
export const markdownBlocks = (text: string): Block[] => {
  const blocks: Block[] = []
  let lines: string[] = []
  let from = 1
  let fence = ''
  const close = () => {
    if (lines.length > 0) blocks.push(paragraph(lines.join('\n'), `line ${from}`))
    lines = []
  }
  for (const [at, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
    .entries()) {
    const place = `line ${at + 1}`
    const fenced = /^ {0,3}(```+|~~~+)/.exec(line)?.[1]
    const title = fence === '' ? /^ {0,3}(#{1,6})[ \t]+(.*)$/.exec(line) : null
    const row =
      fence === '' && /^\s*\|.*\|\s*$/.test(line)
        ? line
            .trim()
            .slice(1, -1)
            .split(/(?<!\\)\|/)
        : null
    if (fenced !== undefined && (fence === '' || fenced.startsWith(fence))) fence = fence === '' ? fenced : ''
    if (title !== null) {
      close()
      blocks.push(heading((title[2] ?? '').replace(/\s+#+\s*$/, '').trim(), title[1]?.length ?? 1, place))
    } else if (row !== null) {
      close()
      const cells = row.map(cell => cell.trim().replaceAll('\\|', '|'))
      if (!cells.every(cell => /^:?-+:?$/.test(cell))) blocks.push(tableRow(cells, place))
    } else if (line.trim() === '' && fence === '') close()
    else {
      if (lines.length === 0) from = at + 1
      lines.push(line.trimEnd())
    }
  }
  close()
  return blocks
}
