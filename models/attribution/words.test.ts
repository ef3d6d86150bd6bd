import { describe, expect, test } from 'vitest'
import { contentStems, fold, isDesignator, stem, words } from './words.ts'

describe('words', () => {
  test('case, accents, punctuation and invisible characters do not tell words apart', () => {
    expect(words('Café-Bees, (HONEY)!')).toEqual(words('cafe bees honey'))
    expect(words('ho\u200bney')).toEqual(['honey'])
  })

  test('look-alike letters are folded inside mixed words and left alone in whole words of their script', () => {
    expect(fold('hоnеy')).toBe('honey') // Cyrillic o and e
    expect(fold('мёд')).toBe('мед')
  })

  test('an apostrophe stays inside its word', () => {
    expect(words("don't the bee's")).toEqual(['dont', 'the', 'bees'])
  })

  test('numbers keep their decimals and are the same in words and digits', () => {
    expect(words('0.15 seconds, 1,000 bees')).toEqual(['0.15', 'seconds', '1,000', 'bees'])
    expect(stem('1,000')).toBe('1000')
    expect(stem('three')).toBe(stem('3'))
    expect(stem('III'.toLowerCase())).toBe('3')
  })

  test('inflections and everyday synonyms have one stem, opposites have not', () => {
    expect(stem('treatments')).toBe(stem('therapy'))
    expect(stem('often')).toBe(stem('frequently'))
    expect(stem('increase')).not.toBe(stem('decrease'))
    expect(stem('warm')).not.toBe(stem('cold'))
  })

  test('grammar words carry no content', () => {
    expect(contentStems('How do the bees of it all')).toEqual([stem('bees')])
  })

  test('numbers and single letters are designators', () => {
    expect(['2', 'seven', 'v', 'k'].map(isDesignator)).toEqual([true, true, true, true])
    expect(isDesignator('hive')).toBe(false)
  })
})
