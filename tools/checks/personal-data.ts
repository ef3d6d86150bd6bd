import type { Check } from './check.ts'
import { pass, refuse } from './check.ts'

type Finder = (text: string) => string | undefined

const dot = String.raw`(?:\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+|\s?\.\s?)`
const bracketedAt = String.raw`(?:\s*[\[({<]\s*(?:at|@)\s*[\])}>]\s*|\s*@\s*|\s*[＠﹫]\s*)`
const endings =
  '(?:[a-z]{2}|com|net|org|edu|gov|mil|int|info|biz|name|email|online|site|shop|farm|club|world|app|dev|mail|life|live|me)'
const email = new RegExp(
  String.raw`[\w.+-]+${bracketedAt}[a-z0-9-]+(?:${dot}[a-z0-9-]+)*?${dot}${endings}\b`,
  'i',
)
const spelledEmail = new RegExp(
  String.raw`\b[\w.+-]+\s+at\s+[a-z0-9-]+(?:\s+dot\s+[a-z0-9-]+)*\s+dot\s+${endings}\b`,
  'i',
)
const shoutedEmail =
  /\b[\w.+-]+ ?_?(?:AT)_? ?[A-Za-z0-9-]+(?: ?_?DOT_? ?[A-Za-z0-9-]+)+\b|\b[\w.+-]+ _?AT_? [a-z0-9-]+\.[a-z]{2,}\b/
const plainEmail = /[^\s@<>()[\]]+@[^\s@<>()[\]]+\.\p{L}{2,}/u

const cue =
  /\b(?:tel(?:ephone)?|phone|mobile|cell(?:phone)?|call|ring|text|whatsapp|signal|telegram|sms|fax|hotline|dial|reach (?:me|us|him|her|them)|contact)\b/i
const tollFree = (number: string): boolean => /^1?8(?:00|33|44|55|66|77|88)\d{7}$/.test(digitsOf(number))
const international = /(?<![\w.])(?:\+|00)[1-9](?:[ .\-/()]{0,3}\d){7,14}(?!\d)/g
const northAmerican = /(?<![\w.-])(?:\+?1[ .-])?(?:\(\d{3}\)\s?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])/g
const trunk = /(?<![\w.,/-])\(?0[1-9]\d{1,4}\)?[ /-]\d{2,4}(?:[ /-]?\d{2,4}){1,3}(?![\w-])/g
const bareTrunk = /(?<![\w.,/-])0[1-9]\d{8,9}(?!\d)/g
const digitGroups = /(?<![\w.,])(?:\(?\d{2,6}\)?[ .\-/]?){1,5}\d{2,4}(?![\w%]|[.,]\d)/g

const digitsOf = (text: string): string => text.replace(/\D/g, '')

/** Letters read as the digits that they are spelled for: "oh seven seven" style numbers. */
const spokenDigits =
  /\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)[\s,-]+){6,}(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b/i

const phone: Finder = text => {
  const found = 'a phone number'
  if (spokenDigits.test(text)) return found
  for (const shape of [international, northAmerican, trunk, bareTrunk])
    for (const [number] of text.matchAll(shape)) if (!tollFree(number)) return found
  for (const match of text.matchAll(digitGroups)) {
    const digits = digitsOf(match[0])
    if (digits.length < 7 || digits.length > 15 || tollFree(match[0])) continue
    const before = text.slice(Math.max(0, match.index - 40), match.index)
    if (cue.test(before) && !/\d\s?[-–]\s?\d{4}$/.test(match[0].slice(0, 4))) return found
  }
  return undefined
}

function luhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit
  }
  return sum % 10 === 0
}

const cardCue = /\b(?:card|visa|master ?card|amex|american express|maestro|cvv|cvc|debit|credit)\b/i
const card: Finder = text => {
  for (const [run] of text.matchAll(/(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w])/g)) {
    const digits = digitsOf(run)
    const issued = /^(?:4|5[1-5]|2[2-7]|3[4-7]|3[068]|6)/.test(digits)
    const grouped = /^\d{4}([ -])\d{4}\1\d{4}\1\d{4}$/.test(run)
    if ((issued && luhn(digits)) || grouped || cardCue.test(text)) return 'a payment card number'
  }
  return undefined
}

/** ISO 13616: the first four characters move to the end, letters count from A = 10, and the whole is 1 modulo 97. */
function ibanHolds(compact: string): boolean {
  const moved = compact.slice(4) + compact.slice(0, 4)
  let rest = 0
  for (const letter of moved)
    for (const digit of String(Number.parseInt(letter, 36))) rest = (rest * 10 + Number(digit)) % 97
  return rest === 1
}

const iban: Finder = text => {
  for (const match of text.matchAll(/\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}/gi)) {
    const compact = match[0].replace(/[ -]/g, '').toUpperCase()
    // what follows an IBAN may be read into it, so every length that the standard allows is tried
    for (let length = Math.min(34, compact.length); length >= 15; length--)
      if (ibanHolds(compact.slice(0, length))) return 'a bank account number'
    if (/\biban\b/i.test(text.slice(Math.max(0, match.index - 30), match.index)))
      return 'a bank account number'
  }
  if (
    /\b(?:sort code|routing number|account (?:number|no\.?)|bank account)\b\D{0,25}\d[\d -]{5,}/i.test(text)
  )
    return 'a bank account number'
  return undefined
}

const nationalId: Finder = text => {
  if (/(?<![\w-])(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}(?![\w-])/.test(text))
    return 'a social security number'
  if (
    /\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b/.test(text)
  )
    return 'a national insurance number'
  if (
    /\b(?:social security|ssn|passport|driver'?s? licen[cs]e|national id(?:entity)?|tax id|identity card|insurance) *(?:card|number|no\.?|id|#)*\W{0,3}(?:is|:|=)?\s*(?=[A-Z0-9-]*\d[A-Z0-9-]*\d[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{5,}/i.test(
      text,
    )
  )
    return 'an identity document number'
  return undefined
}

const birthDate: Finder = text =>
  /\b(?:date of birth|dob|born on|birthday(?: is)?)\b\W{0,3}(?:is |on )?(?:the )?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}(?:st|nd|rd|th)? (?:of )?[A-Z][a-z]+ \d{4}|[A-Z][a-z]+ \d{1,2},? \d{4})/i.test(
    text,
  )
    ? 'a date of birth'
    : undefined

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const ipv4 = new RegExp(
  String.raw`(?<![\w.])(?!10\.|127\.|0\.|192\.168\.|169\.254\.|255\.)${octet}(?:\.${octet}){3}(?![\w.]\d)`,
)
const ipv6 =
  /(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}(?::?[0-9a-f]{1,4})(?![\w:])|(?<![\w:])[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){1,5}::(?:[0-9a-f]{1,4})?|\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/i
const network: Finder = text => {
  const version = /\b(?:version|release|v)\.?\s*\d+(?:\.\d+){3}/i.test(text)
  return (!version && ipv4.test(text)) || ipv6.test(text) ? 'an IP address' : undefined
}

const street =
  /(?<![\w.])\d{1,5}[a-z]?,? (?:[NSEW]\.? )?(?:\p{Lu}[\p{L}'’.-]+ ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Close|Crescent|Terrace|Parkway|Pkwy|Highway|Hwy|Gardens|Mews|Row|Circle|Way|Place|Square)\b/u
const germanStreet = /\b\p{Lu}[\p{L}-]*(?:str(?:aße|asse|\.)|weg|gasse|platz|allee) \d{1,4}\s?[a-z]?\b/u
const address: Finder = text =>
  street.test(text) || germanStreet.test(text) ? 'a street address' : undefined

const handle: Finder = text =>
  /\b(?:instagram|insta|telegram|twitter|whatsapp|snapchat|signal|discord|tiktok|dm|message|reach|contact|text|add)\b[^.\n]{0,25}(?<![\w.])@[a-z]\w{2,}/i.test(
    text,
  )
    ? "a person's chat handle"
    : undefined

const emailFinder: Finder = text =>
  plainEmail.test(text) || shoutedEmail.test(text) || email.test(text) || spelledEmail.test(text)
    ? 'an e-mail address'
    : undefined

// a bank account before a card: its digits come in fours too
const finders: readonly Finder[] = [
  emailFinder,
  iban,
  card,
  nationalId,
  phone,
  birthDate,
  network,
  address,
  handle,
]

/**
 * Personal data that points at one person: e-mail, phone, card, bank account, national number, birth date, IP address,
 * street address, chat handle. It is found before anything is stored, and the message names its kind only. Numbers free
 * to call (800 and the like) belong to no person and pass.
 */
export const personalData: Check = row => {
  const text = `${row.question}\n${row.answer}`.normalize('NFKC').replace(/\p{Cf}/gu, '')
  for (const find of finders) {
    const kind = find(text)
    if (kind !== undefined)
      return refuse(
        'personal-data',
        `The row contains ${kind}.`,
        'Take it out, or write about it without naming anyone.',
        { kind },
      )
  }
  return pass('personal-data', 'The row points at no person.')
}
