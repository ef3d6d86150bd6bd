import { fold } from '../../models/attribution/words.ts'
import type { Check } from './check.ts'
import { pass, refuse, review } from './check.ts'

/** Words with no use but contempt for a group. Short on purpose: a list cannot judge, it can stop the plainest cases. */
const slurs =
  /\b(?:n[i1]gg(?:er|a)s?|fagg?ots?|kikes?|sp[i1]cs?|ch[i1]nks?|wetbacks?|raghead(?:s)?|trann(?:y|ies)|gooks?|coons? (?:are|should)|retards)\b/
const threats =
  /\b(?:kill yourself|kys|go die|hope you die|i(?:'| wi)?ll (?:kill|murder|rape|hurt) you|you (?:should|deserve to) (?:die|be (?:shot|killed|raped))|gas the|(?:all|those|these) \w+ (?:should be|deserve to be) (?:killed|shot|exterminated|hanged|gassed))\b/
const insults =
  /\b(?:you(?:'re| are|r)?|u r|beginners are|women are|men are|people like you are) (?:all |just |such |really |so |an? |the |fucking |bloody |complete |total |stupid |little )*(?:idiots?|morons?|imbeciles?|stupid|dumb|worthless|pathetic|scum|trash|garbage|losers?|bitch(?:es)?|bastards?|assholes?|pigs|vermin|cunts?|subhuman)\b/
const obscene =
  /\b(?:fuck(?:s|ed|er|ers|ing)?|motherfuck\w*|shit(?:ty|head)?|bullshit|cunts?|assholes?|wank(?:er|ers)?|twats?|cocksucker)\b/

/**
 * Hatred and threats are refused, insults and obscenities go to a person. Anatomical, medical and breeding words are on
 * no list.
 */
export const toxicity: Check = row => {
  const text = fold(`${row.question}\n${row.answer}`).replace(/(?<=\p{L})[*_](?=\p{L})/gu, '')
  const fix = 'Say it without contempt.'
  if (slurs.test(text)) return refuse('toxicity', 'The row uses a slur.', fix, { kind: 'slur' })
  if (threats.test(text))
    return refuse('toxicity', 'The row threatens somebody or wishes them harm.', fix, { kind: 'threat' })
  if (insults.test(text))
    return review('toxicity', 'The row insults its reader or a group of people.', fix, { kind: 'insult' })
  if (obscene.test(text))
    return review('toxicity', 'The row uses an obscene word.', fix, { kind: 'obscenity' })
  return pass('toxicity', 'The row is civil.')
}
