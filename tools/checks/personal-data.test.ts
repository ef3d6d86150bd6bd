import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { personalData } from './personal-data.ts'
import { finder, goodRow } from './testing-rows.ts'

const find = (text: string): string => {
  const finding = finder(personalData)({ answer: `${goodRow.answer} ${text}` })
  return finding.verdict === 'pass' ? 'pass' : String(finding.facts?.kind)
}

/** Appends the digit that makes the number hold by Luhn's rule. */
function withCheckDigit(digits: string): string {
  for (let last = 0; last < 10; last++) {
    const all = `${digits}${last}`
    const sum = [...all].reverse().reduce((total, digit, i) => {
      const value = Number(digit) * (i % 2 === 0 ? 1 : 2)
      return total + (value > 9 ? value - 9 : value)
    }, 0)
    if (sum % 10 === 0) return all
  }
  return digits
}

describe('is found', () => {
  test('an e-mail address in every dress', () => {
    for (const text of [
      'jo@bees.org',
      'jo.b+hive@sub.bees.co.uk',
      'jo (at) bees (dot) org',
      'jo [at] bees.org',
      'jo at bees dot org',
      'JO AT BEES DOT ORG',
      'jo＠bees.org',
      'j\u200bo@bees.org',
    ])
      expect([text, find(text)]).toEqual([text, 'an e-mail address'])
  })

  test('a phone number of any country', () => {
    for (const text of [
      '+44 7700 900461',
      '+49 (0)171 / 555 0142',
      '0049 171 5550142',
      '(415) 555-0137',
      '415-555-0137',
      '0171-5550142',
      '07700900123',
      'call me: 555 0199 22',
      'oh seven seven zero zero nine zero zero one',
    ])
      expect([text, find(text)]).toEqual([text, 'a phone number'])
  })

  test('every card number that holds by Luhn, however it is grouped', () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 14, maxLength: 14 })
    fc.assert(
      fc.property(digits, fc.constantFrom('', ' ', '-'), (middle, gap) => {
        const number = withCheckDigit(`4${middle.join('')}`)
        expect(find(number.replace(/(\d{4})(?=\d)/g, `$1${gap}`))).toBe('a payment card number')
      }),
      { numRuns: 200, seed: 1 },
    )
  })

  test('a bank account by its checksum, in any grouping and with words after it', () => {
    for (const text of [
      'DE89 3704 0044 0532 0130 00',
      'GB29NWBK60161331926819 thanks',
      'fr14 2004 1010 0505 0001 3m02 606',
    ])
      expect([text, find(text)]).toEqual([text, 'a bank account number'])
  })

  test('national numbers, birth dates, addresses on the net and in the street, chat handles', () => {
    expect(find('219-09-9999')).toBe('a social security number')
    expect(find('QQ 12 34 56 C'.replace('QQ', 'AB'))).toBe('a national insurance number')
    expect(find('passport no. C01X00T47')).toBe('an identity document number')
    expect(find('born on 14 March 2012')).toBe('a date of birth')
    expect(find('84.113.42.17')).toBe('an IP address')
    expect(find('2001:db8:85a3:8d3:1319:8a2e:370:7348')).toBe('an IP address')
    expect(find('27 Willow Lane')).toBe('a street address')
    expect(find('Lindenstraße 14')).toBe('a street address')
    expect(find('message me on Telegram @beeking')).toBe("a person's chat handle")
  })
})

describe('is left alone', () => {
  test('years, doses, ranges, ratios, fractions and long counts', () => {
    for (const text of [
      'from 1914 to 1918 and in 2020-2021',
      'give 0.5 to 1.5 mg per kg, 120/80 mmHg, 1:1 or 3,000-4,000',
      '1 in 100,000 to 400,000 of 7 900 000 000 people',
      'call it 50 to 100 a day, 10 000 to 60 000 in June',
      'mix 120 g, 250 g and 1000 g at 35-36 degrees',
      'gene KCNQ2, norm EN 15662:2018, ISBN of a book',
    ])
      expect([text, find(text)]).toEqual([text, 'pass'])
  })

  test('numbers that cost nothing to call, web addresses, versions and local addresses', () => {
    for (const text of [
      'call 1-800-232-4636',
      'call 18002324636',
      'available at www.bees.org/help',
      'see bees.org at noon',
      'version 1.2.3.4',
      'open 192.168.1.1 or 127.0.0.1',
    ])
      expect([text, find(text)]).toEqual([text, 'pass'])
  })

  test('a bank account or card whose checksum fails, without a word for it', () => {
    expect(find('code AB12 CDEF 3456 7890 12')).toBe('pass')
    expect(find('part 411111111111111')).toBe('pass')
  })
})
