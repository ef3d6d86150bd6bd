import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gibberish } from './gibberish.ts'
import { lettersSurprise } from './letters.ts'
import { finder } from './testing-rows.ts'

const verdict = (answer: string): string => finder(gibberish)({ answer }).verdict

describe('is refused', () => {
  test('hands on a keyboard', () => {
    expect(verdict('asdf jkl sdfgh qwrt zxcv hjkl dfgh wqrt')).toBe('refuse')
  })

  test('random letters, whatever the letters are', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'),
      minLength: 6,
      maxLength: 9,
    })
    const texts = fc.sample(fc.array(letters, { minLength: 12, maxLength: 12 }), { numRuns: 100, seed: 2 })
    const refused = texts.filter(list => verdict(list.join(' ')) === 'refuse')
    expect(refused.length).toBeGreaterThanOrEqual(98)
  })

  test('one phrase over and over, one letter over and over, signs, placeholders', () => {
    expect(verdict('good honey good honey good honey good honey good honey')).toBe('refuse')
    expect(verdict('hoooooooooney')).toBe('refuse')
    expect(verdict('#$% &*! ?/\\ {}[] ### $$$ %%%')).toBe('refuse')
    expect(verdict('Lorem ipsum dolor sit amet, consectetur.')).toBe('refuse')
  })

  test('words in an order that no sentence has', () => {
    expect(
      verdict(
        'the of hive is and a to bees with was honey the in of for a queen and or the by can frame at is of',
      ),
    ).toBe('refuse')
  })

  test('invented words in an English frame', () => {
    expect(
      verdict(
        'You plonk the frindle until it snivers, and then you grobble every twarp and mifle the drong.',
      ),
    ).toBe('refuse')
  })
})

describe('passes', () => {
  test('names, abbreviations, formulas and the words of a trade', () => {
    for (const text of [
      'Dr. Szczepański of Łódź bred Buckfast and Krainer stock with Grzegorz Brzęczyszczykiewicz.',
      'Spondyloepimetaphyseal dysplasia of the Strudwick type is caused by mutations in COL2A1.',
      'DWV, ABPV, CBPV, SBV and BQCV are viruses; C6H12O6 is glucose.',
      'Sow phacelia, sainfoin, borage, buckwheat and crimson clover.',
    ])
      expect([text, verdict(text)]).toEqual([text, 'pass'])
  })

  test('a list that repeats a word, and a web address', () => {
    expect(verdict('White honey, amber honey, dark honey: acacia, lime and chestnut give these three.')).toBe(
      'pass',
    )
    expect(verdict('More on swarms is at http://www.nhlbi.example/health/dci/xqzk and in the library.')).toBe(
      'pass',
    )
  })
})

test('English words surprise by 3 to 5 bits a letter pair and keyboard rows by more', () => {
  for (const word of ['honey', 'strength', 'length', 'gangliosidosis'])
    expect(lettersSurprise(word)).toBeLessThan(5.3)
  for (const word of ['sdfgh', 'jklqw', 'zxcvbn']) expect(lettersSurprise(word)).toBeGreaterThan(5.3)
})
