import { uniform } from '../../../sampling.ts'
import { isFunctionWord, stem, words } from '../../words.ts'

/**
 * Swaps that a rewording makes. Some of the pairs the near-duplicate index knows as synonyms and some it does not: one who copies
 * need not keep to its list.
 */
const swaps = new Map(
  `because:as must:has_to about:roughly only:just never:at_no_time every:each usually:mostly often:frequently
  sometimes:now_and_then begin:start need:require needs:requires use:employ keep:hold help:assist show:reveal make:produce
  makes:produces large:big small:little fast:quick slow:gradual main:chief several:some almost:nearly
  also:too however:still without:lacking before:ahead_of after:following until:up_to between:amid many:a_lot_of
  cause:reason remove:take_away put:place gives:yields give:provide get:obtain check:inspect wait:hold_on buy:acquire
  good:sound bad:poor better:superior clean:spotless dry:arid warm:mild cold:chilly open:unsealed close:shut
  young:juvenile old:aged new:fresh strong:robust weak:feeble near:by when:once if:provided then:afterwards so:hence
  most:the_majority_of more:further less:fewer find:spot look:peer year:twelvemonth month:four_weeks week:seven_days
  day:date bees:honeybees hive:beehive rows:lines question:query answer:reply people:folk`
    .split(/\s+/)
    .filter(Boolean)
    .map(pair => pair.split(':') as [string, string])
    .map(([from, to]) => [from, to.replaceAll('_', ' ')] as const),
)

/** Words of a vocabulary that the near-duplicate index holds for the same, by the spelling it compares them by. */
export const synonymsIn = (texts: readonly string[]): Map<string, string[]> => {
  const rings = new Map<string, string[]>()
  for (const word of new Set(texts.flatMap(words))) {
    if (isFunctionWord(word) || !/^\p{L}{3}/u.test(word)) continue
    const ring = rings.get(stem(word))
    if (ring === undefined) rings.set(stem(word), [word])
    else ring.push(word)
  }
  return new Map([...rings].filter(([, ring]) => ring.length > 1))
}

const frames: readonly ((question: string) => string)[] = [
  question => `Can you tell me this: ${question}`,
  question => `Please explain. ${question}`,
  question => `I would like to know: ${question}`,
  question => `${question} A short answer is enough.`,
  question => `A friend asked me: ${question}`,
  question => `In a few words, ${question}`,
  question => `For a beginner: ${question}`,
  question => `One more thing. ${question}`,
]

/**
 * The row in other words, without a model: words are swapped for synonyms, sentences change their order, clauses around a comma
 * change places, and the question gets another frame. What it says stays what it was.
 * @param copy number of the copy; each differs from the others
 */
export const reworded = (
  row: { prompt: string; answer: string },
  synonyms: ReadonlyMap<string, readonly string[]>,
  copy: number,
  seed: number,
): { prompt: string; answer: string } => {
  const random = uniform(seed * 1_009 + copy)
  const sentences = row.answer.match(/[^.!?]+[.!?]*/g)?.map(sentence => sentence.trim()) ?? [row.answer]
  const turned = sentences.map(sentence => (random() < 0.7 ? turnClauses(sentence) : sentence))
  const order = copy % 2 === 0 ? turned.toReversed() : [...turned.slice(1), turned[0]!]
  const asked = swapWords(row.prompt, synonyms, random)
  return {
    prompt: frames[copy % frames.length]!(`${asked[0]!.toLowerCase()}${asked.slice(1)}`),
    answer: order.map(sentence => capital(swapWords(sentence, synonyms, random))).join(' '),
  }
}

/** `A, b.` to `B, a.`: only where there is one comma. */
const turnClauses = (sentence: string): string => {
  const parts = sentence.replace(/[.!?]+$/, '').split(', ')
  return parts.length === 2
    ? `${capital(parts[1]!)}, ${parts[0]![0]!.toLowerCase()}${parts[0]!.slice(1)}.`
    : sentence
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

const swapWords = (
  text: string,
  synonyms: ReadonlyMap<string, readonly string[]>,
  random: () => number,
): string =>
  text.replace(/\p{L}+/gu, word => {
    const plain = word.toLowerCase()
    const draw = random()
    const known = swaps.get(plain)
    if (known !== undefined) return draw < 0.8 ? sameCase(word, known) : word
    const ring = synonyms.get(stem(plain))?.filter(other => stemless(other) !== stemless(plain)) ?? []
    return ring.length > 0 && draw < 0.8 ? sameCase(word, ring[Math.floor(random() * ring.length)]!) : word
  })

/** The first letters: `hive` and `hives` are one word, and swapping them is no rewording. */
const stemless = (word: string): string => word.slice(0, 4)

const sameCase = (like: string, word: string): string =>
  like[0] === like[0]!.toUpperCase() ? capital(word) : word
