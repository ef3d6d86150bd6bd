import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { autoEntities } from '../../infra/testing/telegram/auto-entities.ts'
import { parseHtml } from '../../infra/testing/telegram/html-entities.ts'
import { renderPages } from '../chat/pages.ts'
import { contentOf, keyboardOf } from './content.ts'
import { LONGEST_TEXT, markup, plainText } from './markup.ts'
import { readable } from './testing/test-bot.ts'

/** What is live in rendered text, by Telegram's own finding of links and names. */
const liveIn = (html: string) => {
  const { text, entities } = parseHtml(html)
  return autoEntities(text, entities).filter(({ type }) => !['bold', 'italic', 'code', 'pre'].includes(type))
}

describe('text for Telegram', () => {
  it.each([
    'https://evil.example/x?y=1',
    'see evil.com now',
    't.me/joinchat',
    'tg://resolve?domain=x',
    'write to a@evil.com',
    'hello @everybody_here',
    '/withdraw all',
    '(/claim) and /vote@some_bot',
    '#spam and #Ünicode',
    '<a href="https://evil.com">click</a>',
    '<b>/start</b>',
  ])('makes nothing live of %s', text => {
    for (const style of ['escape', 'bold', 'quiet', 'code', 'block', 'modelLink'] as const)
      expect(liveIn(markup[style](text))).toEqual([])
    expect(autoEntities(plainText(markup.escape(text)), [])).toEqual([])
  })

  it('shows what was written, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        for (const style of ['escape', 'bold', 'quiet', 'code', 'block'] as const) {
          const shown = parseHtml(markup[style](text)).text
          expect(readable(shown)).toBe(readable(parseHtml(markup.code(text)).text))
          expect(markup.length(markup[style](text))).toBe(shown.length)
        }
      }),
    )
    expect(parseHtml(markup.escape('1 < 2 & "3"')).text).toBe('1 < 2 & "3"')
    expect(readable(parseHtml(markup.escape('pays 0.05, see CC-BY-4.0')).text)).toBe(
      'pays 0.05, see CC-BY-4.0',
    )
  })

  it('drops what turns the direction of writing and halves of characters', () => {
    expect(markup.escape('a\u202Eb\u0007c\uD800')).toBe('abc\uFFFD')
  })

  it('counts as Telegram does: in UTF-16 units, without tags', () => {
    expect(markup.length(markup.bold('a<b🙂'))).toBe(5)
  })

  it('fills a message to the last unit and not beyond', () => {
    const whole = contentOf({
      blocks: [{ kind: 'text', text: '<'.repeat(LONGEST_TEXT) }],
      buttons: [],
      private: false,
      final: true,
    })
    expect(parseHtml(whole.html).text).toHaveLength(LONGEST_TEXT)
    const pages = renderPages([{ kind: 'text', text: '🙂&'.repeat(LONGEST_TEXT) }], markup, LONGEST_TEXT)
    expect(pages.length).toBeGreaterThan(1)
    for (const page of pages) expect(parseHtml(page).text.length).toBeLessThanOrEqual(LONGEST_TEXT)
  })

  it('puts short buttons side by side and long ones in rows of their own', () => {
    const button = (label: string, at: number) => ({ id: `id-${at}`, label, tone: 'plain' as const })
    const rows = keyboardOf(
      ['Yes', 'No', 'Ask again: what is a small hive?', ''].map(button),
    )?.inline_keyboard
    expect(rows?.map(row => row.map(({ text }) => text))).toEqual([
      ['Yes', 'No'],
      ['Ask again: what is a small hive?'],
      ['…'],
    ])
    expect(keyboardOf([])).toBeUndefined()
  })
})
