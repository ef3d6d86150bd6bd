import { distance } from 'fastest-levenshtein'
import { plain } from './text.ts'

/** A name of the directory that a line says, with the part of the line that says it. */
export interface Mention {
  readonly name: string
  readonly start: number
  readonly end: number
  /** Whether letter by letter, up to hyphens and case. */
  readonly exact: boolean
}

/** Letters that may be wrong in a name of so many: short ones would all become each other. */
const typos = (letters: number): number => (letters >= 9 ? 2 : letters >= 5 ? 1 : 0)

/** The names that a plain line says, in their order: hyphens may be spaces, and small typos are read. */
export const mentionsIn = (text: string, names: readonly string[]): Mention[] => {
  const words = [...text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}-]*/gu)].map(({ 0: word, index }) => ({
    word,
    start: index,
    end: index + word.length,
  }))
  const found: (Mention & { wrong: number })[] = []
  for (const name of new Set(names)) {
    const most = name.split('-').length
    for (let from = 0; from < words.length; from++)
      for (let count = 1; count <= most && from + count <= words.length; count++) {
        const part = words.slice(from, from + count)
        const said = part.map(({ word }) => word).join('-')
        // Cheap first: a person's line may be long and the names many.
        if (Math.abs(said.length - name.length) > 2) continue
        const wrong = distance(said, name)
        if (wrong > typos(name.length)) continue
        found.push({ name, start: part[0]!.start, end: part.at(-1)!.end, exact: wrong === 0, wrong })
      }
  }
  const kept: Mention[] = []
  for (const { wrong: _, ...mention } of found.sort(
    (a, b) => a.wrong - b.wrong || b.end - b.start - a.end + a.start,
  ))
    if (kept.every(other => mention.end <= other.start || mention.start >= other.end)) kept.push(mention)
  return kept.sort((a, b) => a.start - b.start)
}

const uuid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g
const address = /\b0x[0-9a-f]{3,64}\b/g

/** The line with names, ids, addresses and numbers replaced by what they are: what the classifier sees. */
export const withoutValues = (line: string, names: readonly string[]): string => {
  const text = plain(line)
  const other = othersIn(line)
  let shown = ''
  let last = 0
  for (const { start, end } of mentionsIn(text, names)) {
    shown += `${text.slice(last, start)}_name`
    last = end
  }
  shown += text.slice(last)
  shown = shown
    .replace(uuid, '_id')
    .replace(address, '_address')
    .replace(/@\d+\b/g, '')
    .replace(/#\s?\d+\b/g, '_number')
    .replace(/\b\d+(?:[.,]\d+)*\b/g, '_amount')
  for (const word of shown.match(/\p{L}+(?:-\p{L}+)?/gu) ?? [])
    if (word !== 'one' && word !== 'a' && numberWord(word) !== undefined)
      shown = shown.replace(new RegExp(`(?<![\\p{L}_-])${word}(?![\\p{L}-])`, 'u'), '_amount')
  return other ? `${shown} _other` : shown
}

const notPeople = new Set(
  'it that what who here there let he she where how when why this today everything tell something nothing'.split(
    ' ',
  ),
)
const knownProper = new Set(
  'discord telegram metamask ethereum bitcoin csv pdf json faq gdpr cc0 mit cc by german english french spanish i lisbon oslo october february june python javascript like a b token tokens daten zucker winter futter varroa sammlung verdienst training konto wallet stimme neuigkeiten zeilen modell frage anweisungen quittung wiedersehen hauptbuch system user'.split(
    ' ',
  ),
)

/** Whether a line speaks of somebody else: a possessive, a capitalised name inside the line, or "user 12". */
export const othersIn = (line: string): boolean => {
  const owner = /([\p{L}]+)['’]s\b/u.exec(line)?.[1]?.toLowerCase()
  if (owner !== undefined && !notPeople.has(owner)) return true
  if (/\b(?:user|member|account|person) #?\d+\b/i.test(line)) return true
  const proper = [...line.matchAll(/(?<=[\p{Ll},] )\p{Lu}\p{Ll}{2,11}\b/gu)].map(({ 0: word }) =>
    word.toLowerCase(),
  )
  return proper.some(word => !knownProper.has(word))
}

const units: Readonly<Record<string, number>> = Object.fromEntries(
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
    .split(' ')
    .map((word, value) => [word, value]),
)
const tens: Readonly<Record<string, number>> = Object.fromEntries(
  'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, at) => [word, 10 * (at + 2)]),
)

const numberWord = (word: string): number | undefined => {
  if (Object.hasOwn(units, word)) return units[word]
  if (word === 'hundred') return 100
  if (word === 'thousand') return 1000
  const [ten = '', unit] = word.split('-')
  if (!Object.hasOwn(tens, ten)) return undefined
  if (unit === undefined) return tens[ten]
  return Object.hasOwn(units, unit) ? tens[ten]! + units[unit]! : undefined
}

const spelt = `a|hundred|thousand|(?:${Object.keys(tens).join('|')})(?:-(?:${Object.keys(units).join('|')}))?|${Object.keys(units).reverse().join('|')}`
const amountPattern = new RegExp(
  `(?<![\\p{L}\\p{N}.,#-])(?:(\\d{1,3}(?:,\\d{3})+|\\d{1,15})(?:[.,](\\d{1,6}))?|(${spelt})(?: (hundred|thousand|one|two|three|four|five|six|seven|eight|nine))?)(?![\\p{L}\\p{N}%-]|[.,]\\d)`,
  'gu',
)

/**
 * The amounts of tokens in a plain line as a verb takes them ("five tokens" is "5", "2,5" is "2.5"). Negative ones and those
 * with a multiplier such as "5k" are left out: nobody should move what a program guessed.
 */
export const amountsIn = (text: string, names: readonly string[] = []): string[] => {
  let rest = text.replace(uuid, ' ').replace(address, ' ').replace(/@\d+/g, ' ')
  for (const { start, end } of mentionsIn(text, names))
    rest = rest.replace(text.slice(start, end), ' '.repeat(end - start))
  const found: string[] = []
  for (const { 1: whole, 2: part, 3: word, 4: times } of rest.matchAll(amountPattern)) {
    if (whole !== undefined) {
      const digits = whole.replaceAll(',', '').replace(/^0+(?=\d)/, '')
      const decimals = part?.replace(/0+$/, '') ?? ''
      found.push(decimals === '' ? digits : `${digits}.${decimals}`)
      continue
    }
    const value = word === 'a' && times !== undefined ? 1 : numberWord(word ?? '')
    if (value === undefined) continue
    const unit = Object.hasOwn(units, times ?? '') ? numberWord(times!) : undefined
    if (unit !== undefined) {
      // "Twenty five" is one amount; "five six" is none.
      if (value >= 20 && value % 10 === 0) found.push(String(value + unit))
      continue
    }
    // "One" is mostly a pronoun: "that one", "one of my rows".
    if (word === 'one' && times === undefined && !/\bone (?:single )?token\b/.test(text)) continue
    found.push(String(value * (times === undefined ? 1 : numberWord(times)!)))
  }
  return found.filter(amount => Number(amount) > 0)
}

/** The first uuid in a plain line. */
export const idIn = (text: string): string | undefined => text.match(uuid)?.[0]

/** A number of something, such as an event's. */
export const numberIn = (text: string): string | undefined =>
  /(?<![\w.-])#?(\d{1,15})(?![\w.-])/.exec(text)?.[1]

/** The address of a wallet in a plain line. */
export const walletIn = (text: string): string | undefined => /\b0x[0-9a-f]{40}\b/.exec(text)?.[0]

const said = (words: string) => new RegExp(`(?<![\\p{L}])(?:${words})(?![\\p{L}])`, 'gu')
const noWords = said(
  'no|nope|nay|nein|non|against|reject|oppose|contra|dagegen|veto|disapprove|down|refuse|decline',
)
const yesWords = said(
  'yes|yep|yeah|aye|yea|ja|oui|sí|si|favou?r|support|approve|accept|endorse|agree|dafür|stimme für|for it|pro|vote for|voting for|thumbs up|to pass|👍',
)
const negated =
  /\b(?:not|don't|dont|won't|never|can't|cannot|nicht|isn't|am not)(?: (?:want|going|like|to|be|really|all|that|voting|vote|in|at|you))* *$/

/** How a plain line votes; undefined where it does not say, or says both and neither last. */
export const choiceIn = (text: string): 'yes' | 'no' | undefined => {
  const last = (pattern: RegExp) => [...text.matchAll(pattern)].at(-1)?.index ?? -1
  const no = last(noWords)
  const yes = last(yesWords)
  const refuses = negated.test(text.slice(0, Math.max(no, yes)))
  if (no < 0 && yes < 0) return undefined
  if (/\b(?:for or against|yes or no|for and against)\b/.test(text)) return undefined
  if (/\bno votes? (?:for|on|to)\b/.test(text)) return 'no'
  // "I don't want to vote no" says only what somebody will not do.
  if (no > yes) return refuses ? undefined : 'no'
  if (refuses) return /\b(?:in favou?r|support|approve|agree)\b/.test(text) ? 'no' : undefined
  return 'yes'
}

const badWords = said(
  "bad|wrong|terrible|useless|rubbish|nonsense|false|awful|incorrect|garbage|crap|poor|misleading|stupid|down|downvote|dislike|negative|schlecht|falsch|mist|horrible|lousy|worst|disagree|not true|no sense|isn't (?:true|right|correct|good|helpful)|not (?:\\p{L}+ )?(?:right|good|correct|helpful|true|useful)|(?:didn't|don't|doesn't|did not|do not) (?:like|help|answer)|no good|worse|👎",
)
const goodWords = said(
  'good|great|perfect|useful|helpful|love|loved|nice|correct|right|excellent|brilliant|amazing|awesome|clear|helped|helps|spot on|up|upvote|positive|like|liked|well done|nailed|exactly|true|best|fine|happy|plus one|brilliant|gut|👍|❤',
)

/** Which thumb a plain line shows: "1", "-1", or undefined. */
export const thumbIn = (text: string): '1' | '-1' | undefined => {
  if (text.search(badWords) >= 0 || text.includes('👎')) return '-1'
  return text.search(goodWords) >= 0 || text.includes('👍') ? '1' : undefined
}

const firstWords = said('first|left|one|1|a|former')
const secondWords = said('second|right|two|2|b|latter')

/** Which of two answers a plain line prefers, by what it names first. */
export const sideIn = (text: string): 'first' | 'second' | 'neither' | undefined => {
  if (/\b(?:neither|none of|both (?:\p{L}+ )?(?:are )?(?:bad|wrong|useless))\b/u.test(text)) return 'neither'
  const clean = text.replace(said('one|two'), word =>
    /(?:option|number|answer|reply) $/.test(text.slice(0, text.indexOf(word)))
      ? word
      : ' '.repeat(word.length),
  )
  if (/\b(?:two|both) (?:answers|replies)\b|\b(?:against|with) each other\b|\bside by side\b/.test(text))
    return undefined
  const named = clean.replace(/\ba (?=pair\b|\p{L}{4,} (?:answer|reply|comparison|pair))/gu, '  ')
  const first = named.search(firstWords)
  const second = named.search(secondWords)
  if (first < 0 && second < 0) return undefined
  return second < 0 || (first >= 0 && first < second) ? 'first' : 'second'
}

const licences: readonly (readonly [RegExp, string])[] = [
  [/\bcc[- ]?0\b|\bcc zero\b/, 'CC0-1.0'],
  [/\bcc[- ]by[- ]sa(?:[- ]?4(?:\.0)?)?\b/, 'CC-BY-SA-4.0'],
  [/\bcc[- ]by(?:[- ]?4(?:\.0)?)?\b/, 'CC-BY-4.0'],
  [/\bapache(?:[- ]?2(?:\.0)?)?\b/, 'Apache-2.0'],
  [/\bmit(?:[- ]licen[cs]ed?)\b|\blicen[cs]e:? mit\b|\b(?:under|is|are) mit\b/, 'MIT'],
]

/** The licence that a plain line names, as SPDX writes it. */
export const licenceIn = (text: string): string | undefined =>
  licences.find(([pattern]) => pattern.test(text))?.[1]

/** A name for a new model, where a plain line gives one: after "called" or "named", or the hyphenated word. */
export const newNameIn = (text: string): string | undefined => {
  const given = /\b(?:called|named|name it|call it)\s+"?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)/.exec(text)?.[1]
  return given ?? /(?:^|\s)([a-z][a-z0-9]*(?:-[a-z0-9]+)+)(?=$|[\s.,!?])/.exec(text)?.[1]
}
