import { contentStems, fold, isFunctionWord, words } from '../../models/attribution/words.ts'
import type { Check } from './check.ts'
import { pass, refuse, review } from './check.ts'
import { commonStems } from './common-words.ts'
import type { DatanetView } from './datanet-view.ts'
import { lettersSurprise } from './letters.ts'

const mashedBits = 5.3 // of 60,000 English word types 0.8 % lie above, of random letters nearly all
const placeholder = /\blorem\s+ipsum\b|\bdolor\s+sit\s+amet\b/i
const longRun = /([^\s\d.\-_=*~])\1{5,}/u

const kinds: readonly (readonly [kind: string, members: string])[] = [
  ['determiner', 'a an the my your our their its every'],
  ['preposition', 'of in on at for with from by into to than as'],
  ['auxiliary', 'is are was were be been can will would should could must has had does did may might'],
  ['conjunction', 'and or but because if that which who when while'],
]
const kindOf = new Map(
  kinds.flatMap(([kind, members]) => members.split(' ').map(word => [word, kind] as const)),
)

/** Pairs of grammar words that English has almost no use for. In 40,000 words of medical answers 37 stand, in 1,000 words shuffled about 40. */
const brokenKinds = new Set(
  `determiner determiner|determiner preposition|determiner auxiliary|determiner conjunction|preposition auxiliary|
  preposition preposition|preposition conjunction|conjunction conjunction|auxiliary conjunction`
    .split('|')
    .map(pair => pair.trim()),
)
const soundPairs = new Set(
  `to be|as is|as was|as are|in which|of which|on which|with which|from which|by which|for which|to which|at which|into which|
  of who|in that|as if|as when|and or|and if|and that|and when|and which|and who|and while|and because|but if|but when|but that|or if|
  or when|or that|than in|than on|than for|than at|than by|than with|than to|than when|than if|than that|as for|as in|as at|as to|as by|as with|
  in to|on to|in at|in by|is that|was that|is when|is because|is if|that which|that if|that when|because if|because when|
  by when|for when|of when|on when|from when|to when`
    .split('|')
    .map(pair => pair.trim()),
)

function brokenPairs(list: readonly string[]): number {
  let broken = 0
  for (let i = 1; i < list.length; i++) {
    const first = kindOf.get(list[i - 1] ?? '')
    const second = kindOf.get(list[i] ?? '')
    if (first === undefined || second === undefined) continue
    if (brokenKinds.has(`${first} ${second}`) && !soundPairs.has(`${list[i - 1]} ${list[i]}`)) broken++
  }
  return broken
}

/** Share of words whose letters do not go together in English; capitals, digits and other scripts are left alone. */
function mashedShare(text: string): { share: number; mashed: number } {
  const list = text.replace(/\S+\.\S+|\S*[/@_]\S*/g, ' ').match(/[\p{L}\p{N}'’]+/gu) ?? []
  // names follow the letters of any language, so they count only where nothing else does
  const plain = list.filter(word => /^\p{Ll}/u.test(word))
  let judged = 0
  let mashed = 0
  for (const spelled of plain.length >= 4 ? plain : list) {
    if (/\p{N}/u.test(spelled) || (spelled.length < 8 && spelled === spelled.toUpperCase())) continue
    const word = fold(spelled).replace(/[^a-z]/g, '')
    if (word.length < 3) continue
    judged++
    const vowelless = word.length > 4 && !/[aeiouy]/.test(word)
    if (vowelless || lettersSurprise(word) > mashedBits) mashed++
  }
  return { share: judged === 0 ? 0 : mashed / judged, mashed }
}

/** Share of the words that repeat the commonest word or phrase of up to three words. */
function repeatedShare(list: readonly string[]): number {
  if (list.length < 8) return 0
  let worst = 0
  for (const length of [1, 2, 3]) {
    const counts = new Map<string, number>()
    for (let i = 0; i + length <= list.length; i++) {
      const phrase = list.slice(i, i + length).join(' ')
      if (length === 1 && isFunctionWord(phrase)) continue
      counts.set(phrase, (counts.get(phrase) ?? 0) + 1)
    }
    for (const count of counts.values())
      if (count >= 3) worst = Math.max(worst, (count * length) / list.length)
  }
  return Math.min(1, worst)
}

/** Made-up words in an English frame ("the frindle snivers"): no everyday word and none that the datanet uses. */
function invented(text: string, list: readonly string[], least: number, datanet: DatanetView): boolean {
  // capitals are names, and names are new words by right
  const plain = text.match(/(?<![\p{L}'’])\p{Ll}\p{L}{2,}/gu)?.join(' ') ?? ''
  const stems = [...new Set(contentStems(plain))]
  const frame = list.filter(isFunctionWord).length / list.length
  if (stems.length < 6 || frame < 0.2) return false
  return stems.filter(stem => commonStems.has(stem) || datanet.uses(stem)).length / stems.length < least
}

/**
 * Text that is not language: hands on a keyboard (letter pairs that English avoids), one phrase over and over, words in
 * random order (function words that cannot meet), placeholder text, symbols. A meaningless but well-formed sentence
 * passes; that takes a language model.
 */
export const gibberish: Check = (row, policy, datanet) => {
  const fix = 'Write the question and the answer in plain sentences.'
  for (const [name, text] of [
    ['question', row.question],
    ['answer', row.answer],
  ] as const) {
    if (placeholder.test(text))
      return refuse('gibberish', `The ${name} is placeholder text.`, fix, { field: name })
    const visible = text.replace(/\s/g, '')
    const letters = (visible.match(/\p{L}/gu) ?? []).length
    const digits = (visible.match(/\p{N}/gu) ?? []).length
    const symbols = visible.length - letters - digits
    if (visible.length >= 8 && (letters === 0 || symbols / visible.length > 0.4))
      return refuse('gibberish', `The ${name} is mostly signs instead of words.`, fix, { field: name })
    if (longRun.test(text))
      return refuse('gibberish', `The ${name} repeats one letter over and over.`, fix, { field: name })
    const { share, mashed } = mashedShare(text)
    if (share >= policy.mashedWordShare.refuse && mashed >= 2)
      return refuse('gibberish', `Most words of the ${name} are not words.`, fix, { field: name, share })
    const list = words(text)
    if (repeatedShare(list) >= policy.repeatedShare)
      return refuse('gibberish', `The ${name} says the same words over and over.`, fix, { field: name })
    const broken = brokenPairs(list)
    if (broken >= 3 && broken / list.length >= policy.brokenPairShare)
      return refuse('gibberish', `The words of the ${name} are in no order that makes a sentence.`, fix, {
        field: name,
        broken,
      })
    if (policy.language === 'en' && invented(text, list, policy.knownWordShare, datanet))
      return refuse('gibberish', `Almost no word of the ${name} exists.`, fix, { field: name })
    if (share >= policy.mashedWordShare.review && mashed >= 3)
      return review('gibberish', `Many words of the ${name} look mistyped.`, fix, { field: name, share })
  }
  return pass('gibberish', 'The row reads as language.')
}
