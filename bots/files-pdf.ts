import { extractTextItems, getDocumentProxy, type StructuredTextItem } from 'unpdf'
import { fault } from '../infra/errors.ts'
import { type Block, heading, paragraph } from './files-blocks.ts'

const PAGES = 200
/** A line whose letters are larger than the others' by this much is a heading. */
const LARGER = 1.15
/** Lines further apart than this, in letter heights, are paragraphs of their own. */
const GAP = 1.7
/** A paragraph that ends with a question mark is a question's heading up to this many characters. */
const HEADING_CHARACTERS = 200

/** The headings and paragraphs of a PDF that has text. Throws `file-refused` and `file-empty`. */
export const pdfBlocks = async (bytes: Uint8Array): Promise<Block[]> => {
  const pdf = await getDocumentProxy(new Uint8Array(bytes), {
    stopAtErrors: false,
    verbosity: 0,
  }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'PasswordException')
      throw fault('file-refused', 'The PDF is locked with a password.', {
        fix: 'Save it without a password.',
      })
    throw error
  })
  if (pdf.numPages > PAGES)
    throw fault('file-refused', `The PDF has ${pdf.numPages} pages; up to ${PAGES} are read.`, {
      fix: 'Send it in parts.',
    })
  const { items } = await extractTextItems(pdf)
  const lines = items.flatMap((page, at) => linesOf(page, at + 1))
  if (lines.length === 0)
    throw fault('file-empty', 'The PDF has no text: its pages are pictures.', {
      fix: 'Send a PDF with text in it, or the text itself.',
    })
  return blocksOf(lines)
}

interface Line {
  readonly text: string
  readonly page: number
  readonly size: number
  readonly y: number
}

const linesOf = (items: readonly StructuredTextItem[], page: number): Line[] => {
  const lines: Line[] = []
  let parts: StructuredTextItem[] = []
  const close = () => {
    const text = parts
      .map(({ str }) => str)
      .join('')
      .replace(/\s+/g, ' ')
      .trim()
    if (text !== '')
      lines.push({
        text,
        page,
        size: Math.max(...parts.map(part => (part.str.trim() === '' ? 0 : part.fontSize))),
        y: parts[0]?.y ?? 0,
      })
    parts = []
  }
  for (const item of items) {
    const last = parts.at(-1)
    if (last !== undefined && Math.abs(last.y - item.y) > Math.max(1, item.fontSize / 2)) close()
    parts.push(item)
    if (item.hasEOL) close()
  }
  close()
  return lines
}

const blocksOf = (lines: readonly Line[]): Block[] => {
  const body = bodySize(lines)
  const large = ({ size }: Line) => size > body * LARGER
  const anyLarge = lines.some(large)
  const groups: Line[][] = []
  for (const line of lines) {
    const last = groups.at(-1)?.at(-1)
    const together =
      last !== undefined &&
      large(last) === large(line) &&
      last.page === line.page &&
      Math.abs(last.size - line.size) < 0.5 &&
      Math.abs(last.y - line.y) <= GAP * line.size &&
      // A line of its own that is a question: what follows is its answer, even without a gap.
      (anyLarge || !last.text.endsWith('?')) &&
      !/^(q|a)(uestion|nswer)?\s*\d*\s*:/i.test(line.text)
    if (together) groups.at(-1)?.push(line)
    else groups.push([line])
  }
  return groups.map(group => {
    const [first] = group as [Line, ...Line[]]
    const place = `page ${first.page}`
    const text = joined(group.map(line => line.text))
    if (large(first)) return heading(text, Math.max(1, Math.round((body * 4) / first.size)), place)
    const asks = !anyLarge && text.endsWith('?') && text.length <= HEADING_CHARACTERS
    return asks && !/^q(uestion)?\s*\d*\s*:/i.test(text) ? heading(text, 1, place) : paragraph(text, place)
  })
}

/** The size that most characters have. */
const bodySize = (lines: readonly Line[]): number => {
  const characters = new Map<number, number>()
  for (const { size, text } of lines) {
    const rounded = Math.round(size * 2) / 2
    characters.set(rounded, (characters.get(rounded) ?? 0) + text.length)
  }
  return [...characters].reduce((best, one) => (one[1] > best[1] ? one : best), [0, 0])[0]
}

/** Lines as running text; a word broken at the end of a line is one word again. */
const joined = (lines: readonly string[]): string =>
  lines.reduce((all, line) =>
    /\p{Ll}-$/u.test(all) && /^\p{Ll}/u.test(line) ? all.slice(0, -1) + line : `${all} ${line}`,
  )
