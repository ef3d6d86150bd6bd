import { stemmer } from 'stemmer'
import { synonymOf } from './synonyms.ts'

/** Words that carry grammar rather than content; they never tell two rows apart. */
const functionWords = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by
  can could did do does doing done down during each either else ever every few for from further had has have having he
  her here hers him his how i if in into is it its itself just let may me might more most much must my neither no nor
  not now of off on once one only onto or other our ours out over own please rather s same shall she should so some such t than
  that the their theirs them then there these they this those though through thus to too under until up upon us very
  was we were what when where whether which while who whom whose why will with within without would yet you your yours`
    .split(/\s+/)
    .filter(Boolean),
)

/** Small numbers in words, so that "three" and "3" are the same claim. "one" is left out: it is mostly a pronoun. */
const numberWords = new Map(
  `zero:0 two:2 three:3 four:4 five:5 six:6 seven:7 eight:8 nine:9 ten:10 eleven:11 twelve:12 thirteen:13 fourteen:14
  fifteen:15 sixteen:16 seventeen:17 eighteen:18 nineteen:19 twenty:20 thirty:30 forty:40 fifty:50 sixty:60 seventy:70
  eighty:80 ninety:90 ii:2 iii:3 iv:4 vi:6 vii:7 viii:8 twice:2 dozen:12 hundred:100 thousand:1000 million:1000000`
    .split(/\s+/)
    .map(pair => pair.split(':') as [string, string]),
)

/** Letters of other scripts that look Latin: a copy written with them is still a copy. */
const lookalikes = new Map(
  [...'аaеeоoрpсcхxуyіiѕsјjԁdһhкkмmтtвbнhαaοoρpνvιiκkτtεeυuωw'].reduce<[string, string][]>(
    (pairs, letter, i, all) => {
      if (i % 2 === 0) pairs.push([letter, all[i + 1] ?? letter])
      return pairs
    },
    [],
  ),
)

const invisible = /[\p{Cf}\p{Mn}]/gu
const wordPattern = /\p{L}+|\p{N}+(?:[.,]\p{N}+)*/gu
const stems = new Map<string, string>()
const stemCacheSize = 200_000

/** Lower case, compatibility form, no accents, no invisible characters, look-alike letters folded only inside words that mix scripts. */
export function fold(text: string): string {
  const plain = text.normalize('NFKD').replace(invisible, '').toLowerCase()
  if (!/[\u0370-\u04ff\u0500-\u052f]/.test(plain)) return plain
  return plain.replace(/\p{L}+/gu, word =>
    /[a-z]/.test(word) ? [...word].map(letter => lookalikes.get(letter) ?? letter).join('') : word,
  )
}

/** The words and numbers of a text in order, folded, with their spelling kept. */
export function words(text: string): string[] {
  return (
    fold(text)
      .replace(/(\p{L})['’](?=\p{L})/gu, '$1')
      .match(wordPattern) ?? []
  )
}

/** The stem a word is compared by: synonyms and number words have one spelling, inflection is dropped (Porter 1980). */
export function stem(word: string): string {
  const known = stems.get(word)
  if (known !== undefined) return known
  const number = numberWords.get(word) ?? (/^\p{N}/u.test(word) ? word.replaceAll(',', '') : undefined)
  const found = number ?? synonymOf(word, stemmer)
  if (stems.size > stemCacheSize) stems.clear()
  stems.set(word, found)
  return found
}

export const isFunctionWord = (word: string): boolean => functionWords.has(word)
/** Numbers and single letters tell kinds of one thing apart: type 2 and type 3, factor V and factor X, vitamin D and K. */
export const isDesignator = (word: string): boolean => /^\p{N}|^.$/u.test(stem(word))

/** Stems of the content words, in order, repeats kept. */
export const contentStems = (text: string): string[] =>
  words(text)
    .filter(word => !isFunctionWord(word))
    .map(stem)
