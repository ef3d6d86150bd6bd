import mammoth from 'mammoth'
import { type Block, heading, paragraph, tableRow } from './files-blocks.ts'
import { checkZip } from './files-zip.ts'

/** Bytes of a document unpacked; a book of text has some 5 MiB. */
const UNPACKED = 64 * 2 ** 20

/** An element of mammoth's document, which has no types of its own. */
interface Element {
  readonly type: string
  readonly value?: string
  readonly styleName?: string | null
  readonly styleId?: string | null
  readonly children?: readonly Element[]
}

/** The headings, paragraphs and table rows of a .docx file. Throws `file-refused`. */
export const docxBlocks = async (bytes: Uint8Array): Promise<Block[]> => {
  checkZip(bytes, UNPACKED)
  const blocks: Block[] = []
  await mammoth.convertToHtml(
    { buffer: Buffer.from(bytes) },
    {
      externalFileAccess: false,
      includeEmbeddedStyleMap: false,
      convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
      transformDocument: (document: Element) => {
        let paragraphs = 0
        for (const element of document.children ?? []) {
          if (element.type === 'table') {
            for (const row of element.children ?? []) {
              const cells = (row.children ?? []).map(textOf)
              if (cells.length > 1) blocks.push(tableRow(cells, `paragraph ${paragraphs + 1}`))
              else if (cells[0] !== '') blocks.push(paragraph(cells[0] ?? '', `paragraph ${paragraphs + 1}`))
            }
          }
          if (element.type !== 'paragraph') continue
          paragraphs++
          const text = textOf(element)
          const level = levelOf(element)
          if (text === '') continue
          blocks.push(
            level === null
              ? paragraph(text, `paragraph ${paragraphs}`)
              : heading(text, level, `paragraph ${paragraphs}`),
          )
        }
        // Nothing of it is needed as HTML.
        return { ...document, children: [] }
      },
    },
  )
  return blocks
}

/** Headings carry their number in the name of their style, in English whatever language the word processor speaks. */
const levelOf = ({ styleName, styleId }: Element): number | null => {
  const level = /heading\s?([1-9])/i.exec(`${styleName ?? ''} ${styleId ?? ''}`)?.[1]
  if (level !== undefined) return Number(level)
  return /^title$/i.test(styleName ?? '') ? 1 : null
}

const textOf = (element: Element): string => {
  const parts: string[] = []
  // A stack of its own: a document may nest deeper than calls may.
  const open: Element[] = [element]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (one.type === 'text') parts.push(one.value ?? '')
    else if (one.type === 'tab') parts.push('\t')
    else if (one.type === 'break') parts.push('\n')
    for (const child of (one.children ?? []).toReversed()) open.push(child)
    if (one.type === 'paragraph' && one !== element) parts.push(' ')
  }
  return parts.join('').trim()
}
