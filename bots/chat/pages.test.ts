import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { paperMarkup, paperText } from '../testing/paper-markup.ts'
import { renderPages } from './pages.ts'
import type { Block } from './platform.ts'

const words = (text: string): Block => ({ kind: 'text', text })
const pagesOf = (text: string, limit: number) => renderPages([words(text)], paperMarkup, limit)
const graphemes = (text: string) =>
  Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment)

describe('pages', () => {
  it.each([
    [1999, 2000, [1999]],
    [2000, 2000, [2000]],
    [2001, 2000, [2000, 1]],
    [4096, 4096, [4096]],
    [4097, 4096, [4096, 1]],
  ])('of %i characters without a space at a limit of %i are %j long', (length, limit, expected) => {
    expect(pagesOf('x'.repeat(length), limit).map(page => page.length)).toEqual(expected)
  })

  it('end at a word where there is one', () => {
    const pages = pagesOf('hive '.repeat(500), 2000)
    expect(pages).toHaveLength(2)
    for (const page of pages) expect(page).toMatch(/^(hive ?)+$/)
  })

  it('end at a line where that leaves no page half empty, else within the next', () => {
    const line = 'x'.repeat(60)
    expect(pagesOf(`${line}\n${line}`, 100)).toEqual([line, line])
    expect(pagesOf(`a\n${'b '.repeat(70)}`, 100)[0]).toMatch(/^a\n(b ?)+$/)
  })

  it('never cut an entity, a tag or a character of several code points', () => {
    const family = '👨‍👩‍👧‍👦'
    for (const text of ['<&>'.repeat(300), family.repeat(200), 'é'.repeat(999), 'שלום עולם '.repeat(200)]) {
      const pages = renderPages([words(text), { kind: 'card', title: text, fields: [] }], paperMarkup, 500)
      for (const page of pages) {
        expect(page.length).toBeLessThanOrEqual(500)
        expect(paperMarkup.escape(paperText(page)).length).toBeLessThanOrEqual(page.length)
        expect(page).not.toMatch(/&(?!amp;|lt;|gt;)|<(?!\/?(b|i|code|pre)>)/)
      }
      const shown = new Set(graphemes(pages.map(paperText).join('')))
      for (const grapheme of shown) expect(`${text}\n`).toContain(grapheme)
    }
  })

  it('hold everything that was said, in its order, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.integer({ min: 60, max: 200 }),
        (texts, limit) => {
          const pages = renderPages(texts.map(words), paperMarkup, limit)
          for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit)
          const bare = (text: string) => text.replace(/\s/g, '')
          expect(bare(pages.map(paperText).join(''))).toBe(bare(texts.join('')))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('mark the addresses that a model wrote, and no other words', () => {
    const [page] = renderPages(
      [{ kind: 'answer', text: 'See https://evil.example/a?b=1, or bees.example/x. Not e.g. this.' }],
      paperMarkup,
      2000,
    )
    expect(page).toBe(
      'See <code>https://evil.example/a?b=1</code> (unchecked), or <code>bees.example/x</code> (unchecked). Not e.g. this.',
    )
  })

  it('show a table in columns on a phone where it fits, and as a list where not', () => {
    const table = (cell: string): Block => ({
      kind: 'table',
      columns: [{ label: 'Model' }, { label: 'State' }, { label: 'Rows', numeric: true }],
      rows: [['bees', cell, '12']],
    })
    expect(renderPages([table('serving')], paperMarkup, 2000)).toEqual([
      '<pre>Model  State    Rows\nbees   serving    12</pre>',
    ])
    expect(renderPages([table('serving since last Tuesday')], paperMarkup, 2000)).toEqual([
      '<b>bees:</b> serving since last Tuesday · Rows 12',
    ])
  })

  it('are made no further than asked for', () => {
    expect(
      renderPages(
        Array.from({ length: 50 }, () => words('x'.repeat(90))),
        paperMarkup,
        100,
        3,
      ),
    ).toHaveLength(5)
  })
})
