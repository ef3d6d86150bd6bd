import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { discordMarkup as markup } from './markup.ts'

/** What a reader sees of escaped text. */
const shown = (rendered: string): string =>
  rendered.replace(/\\([^A-Za-z0-9\s])/g, '$1').replaceAll('\u200B', '')

describe('markup for Discord', () => {
  it('shows any text as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        expect(shown(markup.escape(text))).toBe(text.replaceAll('\u200B', ''))
      }),
    )
  })

  it('leaves no mention, emoji, channel or time alive', () => {
    for (const text of [
      '<@1>',
      '<@!1>',
      '<@&1>',
      '<#1>',
      '<:bee:1>',
      '<a:bee:1>',
      '<t:1>',
      '</ask:1>',
      '<id:guide>',
    ]) {
      expect(markup.escape(text)).toMatch(/^\\</)
      expect(markup.escape(text)).not.toMatch(/(^|[^\\])</)
    }
    expect(markup.escape('@everyone @here @1')).not.toMatch(/@(everyone|here|\d)/)
    expect(markup.escape('ann@example.org')).toBe('ann@example.org')
  })

  it('leaves no address alive outside of its own links', () => {
    expect(markup.escape('see https://evil.example/a and [x](http://evil.example)')).not.toMatch(
      /https?:\/\//,
    )
    expect(markup.escape('discord.gg/abc')).not.toContain('gg/abc')
    expect(markup.modelLink('https://evil.example/`@everyone')).toMatch(
      /^``https:\/\/evil\.example\/`@everyone`` ↗$/,
    )
    expect(markup.link?.('rows (2)', 'https://a.example/x?q=(1)')).toBe(
      '[rows \\(2\\)](<https://a.example/x?q=(1)>)',
    )
  })

  it('begins no heading, quote, list or small print', () => {
    for (const text of ['# a', '## a', '-# a', '> a', '>>> a', '- a', '+ a', '* a', '1. a', '  2) a'])
      expect(markup.escape(`x\n${text}`).split('\n')[1]?.trim()).toMatch(/^(\d+)?\\/)
  })

  it('keeps code closed whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '\n', '\\') }), text => {
        const block = markup.block(text)
        expect(block.slice(4, -4)).not.toContain('```')
        const code = markup.code(text)
        if (code.startsWith('``')) expect(code.slice(2, -2)).not.toContain('``')
        expect(code).not.toContain('\n')
      }),
    )
  })

  it('formats nothing that is empty', () => {
    expect([markup.bold(''), markup.quiet(''), markup.code('')]).toEqual(['', '', ''])
  })
})
