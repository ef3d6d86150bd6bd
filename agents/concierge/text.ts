import { stemmer } from 'stemmer'
import { conceptsOf } from './lexicon.ts'

/** A line as the grammar reads it: lower case, plain quotes, single spaces; at most 2,000 characters. */
export const plain = (line: string): string =>
  line
    .slice(0, 2_000)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[‘’`´]/g, "'")
    .replace(/[“”„«»]/g, '"')
    .replace(/\p{Cf}/gu, '')
    .replace(/\s+/g, ' ')
    .trim()

const opening =
  /^(?:(?:hey|hi|hello|ok(?:ay)?|so|well|and|but|oh|um+|sorry|excuse me|please|pls|plz|just|actually|maybe|perhaps|no wait|wait|great|bot|listen|yes|yeah|no|nope|now|then|tell me|show me how to)[,.!:]* |(?:can|could|would|will|may) (?:you|i|we|one)(?: please| maybe| just)? |(?:i|we)(?:'d| would| really|'ll| will| do| just)* (?:like|love|want|need|wish|try|have|prefer|wanna|gonna)(?: you| for you)?(?: to)? |i(?:'m| am) (?:trying|going|ready|about|here) to |(?:how|where) (?:do|can|could|should|would|might|may|does) (?:i|we|one|you) |let(?:'s| me| us) |(?:is|would) it (?:be )?possible to |help me (?:to )?|what (?:do|must|should) i (?:need to |have to )?do (?:to|so that) |time to |i think (?:that )?|do you think |i'd )/
const closing =
  /[\s,]*(?:please|pls|plz|right now|now|for me|thanks|thank you|then|here|today|at the moment|if possible|asap|again|already|yet|mate|bot|immediately|somehow|together)?[\s.!?]*$/

/** A plain line without the courtesies around what it is about: "could you please top me up now" is "top me up". */
export const coreOf = (text: string): string => {
  let core = text
  for (let turn = 0; turn < 5; turn++) {
    const less = core.replace(opening, '').replace(closing, '')
    if (less === core || less === '') break
    core = less
  }
  return core
}

/** The words of a plain line; emoji and question marks stand alone. */
export const wordsIn = (text: string): string[] =>
  text.match(/_[a-z]+|\p{L}+(?:'\p{L}+)*|\p{N}+|\p{Extended_Pictographic}|\?/gu) ?? []

/**
 * What a line shows the classifier, by name: its words, stems, pairs of neighbours, concepts and pieces of words. A word
 * that was seen once or never in the examples (`rare`) counts as such: questions to a model are full of them.
 */
export const featuresOf = (text: string, rare: (word: string) => boolean): Set<string> => {
  const features = new Set<string>(['bias'])
  addWords(features, text)
  const core = coreOf(text)
  const inside = wordsIn(core)
  features.add(`first ${conceptsOf(inside[0] ?? '')[0] ?? inside[0]}`)
  features.add(`core ${inside.length <= 4 ? inside.map(stepOf).join(' ') : '-'}`)
  features.add(`n ${inside.length <= 1 ? 1 : inside.length <= 3 ? 3 : inside.length <= 7 ? 7 : 20}`)
  const unknown = wordsIn(text).filter(word => word.length > 2 && !word.startsWith('_') && rare(word)).length
  features.add(`rare ${Math.min(3, unknown)}`)
  if (text.endsWith('?')) features.add('ends ?')
  return features
}

const stepOf = (word: string): string => conceptsOf(word)[0] ?? (word.length > 3 ? stemmer(word) : word)

const addWords = (features: Set<string>, text: string): void => {
  const words = wordsIn(text)
  const steps = words.map(stepOf)
  for (const [at, word] of words.entries()) {
    features.add(`w ${word}`)
    features.add(`s ${steps[at]}`)
    for (const concept of conceptsOf(word)) features.add(`c ${concept}`)
    features.add(`b ${steps[at - 1] ?? '^'} ${steps[at]}`)
    if (word.length > 4 && !word.startsWith('_'))
      for (let from = 0; from + 4 <= word.length; from++) features.add(`p ${word.slice(from, from + 4)}`)
  }
  features.add(`b ${steps.at(-1) ?? '^'} $`)
}
