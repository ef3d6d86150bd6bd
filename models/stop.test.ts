import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stopText } from './stop.ts'

const read = (stops: readonly string[], pieces: readonly string[]) => {
  const reader = stopText(stops)
  let text = ''
  for (const piece of pieces) {
    const { emit, stopped } = reader.push(piece)
    text += emit
    if (stopped) return { text: text + reader.end(), stopped }
  }
  return { text: text + reader.end(), stopped: false }
}

/** The definition: read character by character until the text ends in a stop string, and take the longest such off. */
const naive = (stops: readonly string[], text: string) => {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter(stop => text.slice(0, end).endsWith(stop)).map(stop => stop.length)
    if (ending.length > 0) return { text: text.slice(0, end - Math.max(...ending)), stopped: true }
  }
  return { text, stopped: false }
}

const letters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom('a', 'b', 'é'), { minLength, maxLength }).map(l => l.join(''))

describe('stop strings', () => {
  it('cut the text where its definition says, however the pieces fall', () => {
    fc.assert(
      fc.property(
        fc.array(letters(1, 5), { maxLength: 4 }),
        fc.array(letters(0, 4), { maxLength: 10 }),
        (stops, pieces) => {
          expect(read(stops, pieces)).toEqual(naive(stops, pieces.join('')))
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('hold back nothing that cannot become one of them', () => {
    fc.assert(
      fc.property(fc.array(letters(1, 5), { minLength: 1, maxLength: 4 }), letters(0, 12), (stops, text) => {
        const { emit, stopped } = stopText(stops).push(text)
        const held = text.slice(emit.length)
        const longer = (end: string) => stops.some(stop => stop.length > end.length && stop.startsWith(end))
        if (stopped) return
        expect(held === '' || longer(held)).toBe(true)
        for (let i = 0; i < emit.length; i++) expect(longer(text.slice(i))).toBe(false)
      }),
    )
  })

  it('stay stopped', () => {
    const reader = stopText(['b'])
    expect(reader.push('abc')).toEqual({ emit: 'a', stopped: true })
    expect(reader.push('more')).toEqual({ emit: '', stopped: true })
    expect(reader.end()).toBe('')
  })

  it('are refused where there are too many, or one is empty, too long or cut, all at once', () => {
    expect(() => stopText(['', 'x'.repeat(257), '\uD83D', ...Array<string>(14).fill('a')])).toThrow(
      expect.objectContaining({
        code: 'stop-strings',
        message: expect.stringMatching(/17.*number 1 is empty.*257.*number 3 is cut/),
      }),
    )
    expect(() => stopText(['x'.repeat(256)])).not.toThrow()
  })
})
