import { describe, expect, test } from 'vitest'
import { language } from './language.ts'
import { length } from './length.ts'
import { schema } from './schema.ts'
import { finder, goodRow } from './testing-rows.ts'
import { toxicity } from './toxicity.ts'

describe('schema', () => {
  const verdict = (answer: unknown): string => finder(schema)({ answer: answer as string }).verdict

  test('what is not text, is blank, or does not print is refused', () => {
    for (const answer of [
      undefined,
      null,
      7,
      '',
      ' \n\u200b ',
      'bell \u0007',
      'half a \ud83d pair',
      'replaced \ufffd',
      'geschÃ¼tzt',
    ])
      expect([answer, verdict(answer)]).toEqual([answer, 'refuse'])
  })

  test('line breaks, tabs, accents, signs and pictures pass', () => {
    for (const answer of ['a\nb\tc', 'café – 20 °C', '🐝 hum', '?!'])
      expect([answer, verdict(answer)]).toEqual([answer, 'pass'])
  })
})

describe('length', () => {
  test('both ends of the bounds pass and what lies outside is refused, counted in characters', () => {
    const check = finder(length)
    expect(check({ answer: 'In a hive 🐝🐝' }).verdict).toBe('pass')
    expect(check({ answer: 'In a hive' }).verdict).toBe('refuse')
    expect(check({ answer: 'a bc '.repeat(800) }).verdict).toBe('pass')
    expect(check({ answer: 'a bcd '.repeat(800) }).verdict).toBe('refuse')
    expect(check({ question: 'Why?' }).verdict).toBe('refuse')
    expect(check({ answer: 'Definitely never' }).message).toContain('2 words')
  })
})

describe('language', () => {
  const verdict = (answer: string): string => finder(language)({ answer }).verdict

  test('other languages are refused, also under an English question', () => {
    for (const answer of [
      'Man gibt dem Volk im September etwa fünfzehn Kilo Zuckersirup.',
      'Il faut donner du sirop de sucre le soir, quand les abeilles ne volent plus.',
      'Hay que dejar suficiente miel y estrechar la entrada.',
      'Le api hanno bisogno di molto miele per superare il freddo.',
      'De bijen hebben in de winter veel honing nodig om warm te blijven.',
      'Pszczoły potrzebują dużo miodu, aby przetrwać zimę.',
      'Зимой пчёлы едят мёд.',
      '蜜蜂在冬天吃蜂蜜。',
    ])
      expect([answer, verdict(answer)]).toEqual([answer, 'refuse'])
  })

  test('short, technical and name-laden English passes', () => {
    for (const answer of [
      'Gene Review: Tay-Sachs disease, variant AB; Palmoplantar Keratodermas.',
      'Diarrhea, nausea, vomiting, fever.',
      'Apis mellifera carnica and Apis mellifera ligustica are kept most in Europe.',
      'Oxalic acid, 3.2 percent.',
    ])
      expect([answer, verdict(answer)]).toEqual([answer, 'pass'])
  })
})

describe('toxicity', () => {
  const verdict = (text: string): string => finder(toxicity)({ answer: `${goodRow.answer} ${text}` }).verdict

  test('threats are refused, insults and obscenities go to a person', () => {
    expect(verdict('You should be shot.')).toBe('refuse')
    expect(verdict('All of you: kill yourself.')).toBe('refuse')
    expect(verdict('You are a complete idiot.')).toBe('review')
    expect(verdict('This fucking hive.')).toBe('review')
  })

  test('bodies, breeding and killing insects are plain matters', () => {
    expect(verdict('Kill the queen, examine the anus and rectum, castrate, cull the bastard wing.')).toBe(
      'pass',
    )
  })
})
