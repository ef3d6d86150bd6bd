import { pieces, type Span } from './pieces.ts'
import type { Block } from './platform.ts'

/**
 * How a platform writes text. Every function takes plain text and escapes it itself: nothing in it becomes live, no link,
 * mention, command or format. A page is put together of whole results, so none of them is ever cut.
 */
export interface Markup {
  escape(text: string): string
  bold(text: string): string
  quiet(text: string): string
  /** Code within a line. */
  code(text: string): string
  /** Code on lines of its own. */
  block(text: string): string
  /** A live link of ours, where the platform has them in text. */
  link?(text: string, url: string): string
  /** An address that a model wrote: not live, and marked as unchecked. */
  modelLink(url: string): string
  /** Length as the platform counts it against its limit; longer for longer text. */
  length(rendered: string): number
}

/**
 * Renders blocks as pages of at most `limit` by the markup's own length; never none. Pages end at paragraphs where that leaves
 * none half empty, else at lines, words, and within a word between characters as people see them. With `most`, no page is
 * made after that many and one.
 */
export const renderPages = (
  blocks: readonly Block[],
  markup: Markup,
  limit: number,
  most = Number.POSITIVE_INFINITY,
): string[] => {
  const pages = new Pages(markup, limit)
  for (const piece of pieces(blocks)) {
    pages.paragraph(piece.spans, piece.apart ? '\n\n' : '\n')
    if (pages.done.length > most) break
  }
  return pages.end()
}

class Pages {
  readonly done: string[] = []
  private page = ''
  private readonly markup: Markup
  private readonly limit: number

  constructor(markup: Markup, limit: number) {
    this.markup = markup
    this.limit = limit
  }

  end(): string[] {
    this.turn()
    return this.done.length === 0 ? [''] : this.done
  }

  paragraph(spans: readonly Span[], gap: string): void {
    const whole = spans.map(span => this.render(span)).join('')
    if (whole.trim() === '') return
    if (this.page !== '') {
      if (this.fits(gap + whole)) {
        this.page += gap + whole
        return
      }
      // A page that is half full may end here; an emptier one takes what it can of the paragraph.
      const halfFull = this.markup.length(this.page) * 2 >= this.limit
      if (
        (halfFull && this.markup.length(whole) <= this.limit) ||
        !this.fits(`${gap}${this.firstWord(spans)}`)
      )
        this.turn()
      else this.page += gap
    }
    for (const span of spans) this.place(span)
  }

  private turn(): void {
    const page = this.page.trimEnd()
    if (page !== '') this.done.push(page)
    this.page = ''
  }

  private render({ style, text }: Span): string {
    return text === '' ? '' : this.markup[style](text)
  }

  private fits(rendered: string): boolean {
    return this.markup.length(this.page + rendered) <= this.limit
  }

  private firstWord([first]: readonly Span[]): string {
    return first === undefined ? '' : this.render({ ...first, text: first.text.slice(0, 20) })
  }

  private place({ style, text }: Span): void {
    let rest = text
    while (rest !== '') {
      if (this.page === '') rest = rest.replace(/^\s*\n/, '')
      if (this.fits(this.render({ style, text: rest }))) {
        this.page += this.render({ style, text: rest })
        return
      }
      const taken = this.cut(style, rest)
      if (taken !== '') this.page += this.render({ style, text: taken.replace(/\n$/, '') })
      rest = rest.slice(taken.length)
      if (style !== 'block' && taken !== '') rest = rest.replace(/^[ \t]+/, '')
      this.turn()
    }
  }

  /** The most of a text that fits on this page, cut where it shows least; empty where the next page should begin with it. */
  private cut(style: Span['style'], text: string): string {
    // No page holds more characters than its limit, however they are counted, but for those that count nothing.
    const near = text.slice(0, this.limit * 4)
    const lines = this.most(style, near.split(/(?<=\n)/))
    if (lines.length * 2 >= this.limit) return lines
    const words = style === 'block' ? lines : this.most(style, near.split(/(?<=\s)/))
    if (words.trim() !== '') return words
    if (this.page !== '') return ''
    const graphemes = this.most(
      style,
      Array.from(segments.segment(near), ({ segment }) => segment),
    )
    // One character of thousands of marks is longer than a page.
    return graphemes || this.most(style, [...near]) || [...near][0]!
  }

  /** As many of the first parts as fit. */
  private most(style: Span['style'], parts: readonly string[]): string {
    let least = 0
    let beyond = parts.length
    while (least < beyond) {
      const middle = Math.ceil((least + beyond) / 2)
      if (this.fits(this.render({ style, text: parts.slice(0, middle).join('') }))) least = middle
      else beyond = middle - 1
    }
    return parts.slice(0, least).join('')
  }
}

const segments = new Intl.Segmenter('en', { granularity: 'grapheme' })
