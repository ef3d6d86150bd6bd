import { fold } from '../../models/attribution/words.ts'
import type { Check } from './check.ts'
import { pass, refuse, review } from './check.ts'
import { attempt, signs } from './injection-signs.ts'

const hiddenCharacters = /[\u200b-\u200f\u2060-\u2064\u00ad\ufeff\u180e]/g
const directionControls = /[\u202a-\u202e\u2066-\u2069]/
const tagCharacters = /[\u{e0000}-\u{e007f}]/u
const aboutInjection =
  /\b(?:prompt injections?|injection attacks?|jailbreaks?|attackers?|malicious|phishing|scams?|fraud)\b/i
const quoted = /["“”«»][^"“”«»]{4,300}["“”«»]|(?<!\p{L})['‘][^'‘’]{8,300}['’](?!\p{L})/gu

const digitLetters = new Map(
  [...'0o1i3e4a5s7t8b@a$s!i'].flatMap((sign, i, all) =>
    i % 2 === 0 ? [[sign, all[i + 1] ?? sign] as const] : [],
  ),
)

/** Digits and signs inside a word read as the letters they are drawn for. */
const unmasked = (text: string): string =>
  text.replace(/[\p{L}\d@$!]{3,}/gu, word =>
    /\p{L}/u.test(word) && /[\d@$!]/.test(word)
      ? [...word].map(sign => digitLetters.get(sign) ?? sign).join('')
      : word,
  )

/** Letters set apart by blanks or signs, put together again: "i g n o r e", "i.g.n.o.r.e". */
const joined = (text: string): string =>
  text.replace(/(?<!\p{L})(?:\p{L}[\s._*-]){3,}\p{L}(?!\p{L})/gu, run => run.replace(/[\s._*-]/g, ''))

/** Text that hides in base64 or percent signs, where it decodes to letters. */
function decoded(text: string): string {
  const parts: string[] = []
  for (const blob of text.match(/[A-Za-z0-9+/_-]{20,}={0,2}/g) ?? []) {
    const plain = Buffer.from(blob, 'base64').toString('utf8')
    if (/^[\p{L}\p{N}\p{P}\p{Z}\s]{12,}$/u.test(plain) && /\s/.test(plain)) parts.push(plain)
  }
  if ((text.match(/%[0-9a-f]{2}/gi) ?? []).length >= 3) {
    try {
      parts.push(decodeURIComponent(text))
    } catch {
      // a stray percent sign is no encoding
    }
  }
  for (const run of text.match(/(?:(?:0x)?[0-9a-f]{2}[\s,]?){12,}/gi) ?? []) {
    const plain = Buffer.from(run.replace(/0x|[\s,]/gi, ''), 'hex').toString('utf8')
    if (/^[\x20-\x7e]{10,}$/.test(plain)) parts.push(plain)
  }
  return parts.join('\n')
}

/**
 * Text addressed to the machines that will read the row: to the model trained on it, to the curator, to tools. Hidden
 * characters and encodings are undone first. A row that quotes such text to write about it goes to a person.
 */
export const injection: Check = (row, _policy, datanet) => {
  const text = `${row.question}\n${row.answer}`
  const fix = 'Leave out everything that speaks to a model or to the curator.'
  const say = (kind: string): string => `The row ${kind}.`
  if (tagCharacters.test(text) || directionControls.test(text))
    return refuse(
      'injection',
      'The row hides text behind invisible characters.',
      'Remove the invisible characters.',
      { kind: 'hidden characters' },
    )
  const hidden = (text.match(hiddenCharacters) ?? []).length
  if (hidden >= 3)
    return refuse(
      'injection',
      `The row has ${hidden} invisible characters.`,
      'Remove the invisible characters.',
      { kind: 'hidden characters' },
    )

  const plain = fold(text)
  const bare = joined(unmasked(plain))
  const read = attempt(plain) ?? (bare === plain ? undefined : attempt(bare))
  if (read !== undefined) {
    const outside = plain.replace(quoted, ' ')
    if (aboutInjection.test(outside) && attempt(outside) === undefined)
      return review('injection', 'The row quotes words that would steer a model.', fix, { kind: read })
    return refuse('injection', say(read), fix, { kind: read })
  }
  const inside = decoded(text)
  if (inside !== '') {
    const kind = attempt(inside)
    if (kind !== undefined)
      return refuse('injection', `The row hides encoded text that ${kind}.`, fix, { kind })
    return review('injection', 'The row has encoded text in it.', 'Write it out in plain words.', {
      kind: 'encoded text',
    })
  }
  const count = signs(plain, datanet)
  if (count >= 2) return refuse('injection', 'The row speaks to a model.', fix, { kind: 'speaks to a model' })
  if (count === 1)
    return review('injection', 'The row may speak to a model.', fix, { kind: 'speaks to a model' })
  return pass('injection', 'The row speaks to people only.')
}
