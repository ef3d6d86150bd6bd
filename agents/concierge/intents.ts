import { readFileSync } from 'node:fs'
import { fault } from '../../infra/errors.ts'
import { fitClassifier } from './classifier.ts'
import { conceptsOf } from './lexicon.ts'
import { ruleScores } from './rules.ts'
import { withoutValues } from './slots.ts'
import { coreOf, featuresOf, wordsIn } from './text.ts'

/** A labelled line of infra/samples/utterances. */
export interface Utterance {
  readonly text: string
  readonly intent: string
  readonly slots: Readonly<Record<string, string>>
  readonly half: 'examples' | 'held-out'
}

export interface Ranked {
  readonly intent: string
  /** 0 to 1; all intents together 1. */
  readonly sure: number
}

/** Names that the examples speak of. */
export const sampleNames: readonly string[] = [
  'beekeeping',
  'med-qa',
  'bread-baking',
  'tax-help',
  'old-maps',
  'mushroom-finder',
  'bees-north',
]

/** Reads labelled lines, one JSON object a line. Throws `utterances-unreadable` for a file or line that is none. */
export const readUtterances = (file: string | URL): Utterance[] => {
  const unreadable = (what: string, cause?: unknown): Error =>
    fault('utterances-unreadable', `${what} of ${String(file)} cannot be read.`, {
      fix: 'Write one JSON object a line: {"text": "...", "intent": "...", "slots": {}}.',
      blame: 'operator',
      cause,
    })
  const content = (() => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      throw unreadable('Nothing', error)
    }
  })()
  return content.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return []
    try {
      const { text, intent, slots = {}, half = 'held-out' } = JSON.parse(line) as Partial<Utterance>
      if (typeof text !== 'string' || typeof intent !== 'string') throw new Error('text or intent is missing')
      // Sets from elsewhere may write an amount as a number.
      const words = Object.fromEntries(Object.entries(slots).map(([name, value]) => [name, String(value)]))
      return [{ text, intent, slots: words, half }]
    } catch (error) {
      throw unreadable(`Line ${at + 1}`, error)
    }
  })
}

/**
 * How far the patterns are trusted beside the classifier, and the least probability that it can give. Chosen by fourfold
 * cross-validation on the examples: between 0.2 and 0.5 the accuracy differs by less than 1.2 points.
 */
const trust = 0.4
/** Patterns that guard somebody are trusted more: a refusal costs a second try, the contrary may cost trust. */
const guards: Readonly<Record<string, number>> = { injection: 0.7, 'others-money': 0.7, 'private-data': 0.7 }
const floor = 0.005

/** Nats that one intent is ahead of another where a line fits both: what is narrower or guards somebody comes first. */
const ahead: Readonly<Record<string, number>> = {
  injection: 3,
  delegate: 2.5,
  review: 2.2,
  'others-money': 4.5,
  'private-data': 1.5,
  explain: 3,
  help: 2.5,
  event: 1.5,
  setup: 1,
  consent: 3,
  unlink: 2,
  freeze: 3,
  receipt: 3,
  prefer: 4,
  feedback: 0.5,
  thanks: 1,
  erase: 1,
  claim: 2.5,
  'out-of-scope': 1.5,
  deposit: 0.5,
  unclear: 1,
  no: -0.5,
  yes: -0.5,
  status: -0.5,
  models: -0.5,
}

const interrogative =
  /^(?:so |and |but |hi,? |hello,? |please |can you |could you )*(?:what|when|where|which|who|why|how|is|are|was|were|do|does|did|can|could|should|would|will|may|explain|describe|tell me|give me|difference|i'd like to know|wie|was|wann|warum|wo|welche|soll|kann|muss|darf|qué|cómo|cuándo|por qué|¿|comment|pourquoi|quand|est-ce)/

/** Words of questions and of everyday talk, which say nothing of what a line is about. */
const common = new Set(
  "the and for you are can did how who why was our not any all has had her his its out one two use get got may now off own put see too way yes let she him new old day about after again also always another anything before been being best between both could does doing done each else ever every from full getting give given goes going gone good have having here high into just keep kind know last less let's like little long lots make many maybe mean means more most much must need never next number often only other over people please really right said same says should since some somebody someone something start still such sure take tell than that that's their them then there these they thing things think this those through time today together told tomorrow under until used using very want wants well were what what's when where which while whom will with without would year years yesterday your you're yours".split(
    ' ',
  ),
)

/** What the patterns say of a line, with and without the courtesies around it. */
const rulesFor = (text: string): Map<string, number> => {
  const rules = ruleScores(text)
  const core = coreOf(text)
  // What only fits without the courtesies is a little less plain.
  if (core !== text)
    for (const [intent, weight] of ruleScores(core))
      rules.set(intent, Math.max(rules.get(intent) ?? 0, weight - 0.5))
  return rules
}

/** Everything that the classifier sees of a line: its words, and which patterns fit. */
const seenIn = (
  text: string,
  rare: (word: string) => boolean,
  rules: ReadonlyMap<string, number>,
): Set<string> => {
  const features = featuresOf(text, rare)
  for (const intent of rules.keys()) features.add(`rule ${intent}`)
  return features
}

/**
 * Learns from labelled examples which intent a line has, and ranks the intents of a line, the likeliest first: a classifier
 * over words, pieces of words and concepts, and beside it the patterns of rules.ts.
 */
export const learnIntents = (
  examples: readonly Utterance[],
): ((line: string, names: readonly string[]) => Ranked[]) => {
  const shown = examples.map(({ text, intent }) => ({ text: withoutValues(text, sampleNames), intent }))
  const counts = new Map<string, number>()
  const said = new Map<string, number>()
  for (const { text, intent } of shown)
    for (const word of new Set(wordsIn(text))) {
      counts.set(word, (counts.get(word) ?? 0) + 1)
      if (intent !== 'ask' && intent !== 'out-of-scope') said.set(word, (said.get(word) ?? 0) + 1)
    }
  const ours = (word: string) => (said.get(word) ?? 0) > 1
  const rare = (word: string) => (counts.get(word) ?? 0) <= 1
  const classify = fitClassifier(
    shown.map(({ text, intent }) => ({ features: seenIn(text, rare, rulesFor(text)), label: intent })),
  )
  /** Words that neither the network nor everyday talk uses: what questions to a model are about. */
  const foreign = (text: string): number =>
    wordsIn(text).filter(
      word =>
        word.length > 2 &&
        !word.startsWith('_') &&
        !ours(word) &&
        !common.has(word) &&
        conceptsOf(word).length === 0,
    ).length
  return (line, names) => {
    const text = withoutValues(line, names)
    const rules = rulesFor(text)
    const strangers = foreign(text)
    // A question about nothing of ours is one to a model, however its other words sound.
    if (
      interrogative.test(text) ||
      text.endsWith('?') ||
      /[,;:.] (?:what|how|why|should|does|is|can|could)\b/.test(text)
    )
      rules.set('ask', Math.max(rules.get('ask') ?? 0, Math.min(8, 1 + 2.2 * strangers)))
    // One word that is no word of anybody's.
    else if (rules.size === 0 && strangers === 1 && wordsIn(text).length === 1) rules.set('unclear', 4)
    const scored = classify(seenIn(text, rare, rules)).map(({ label, probability }) => {
      const rule = rules.get(label) ?? 0
      return {
        intent: label,
        nats:
          Math.log(probability + floor) +
          (guards[label] ?? trust) * (rule + (rule > 0 ? (ahead[label] ?? 0) : 0)),
      }
    })
    const most = Math.max(...scored.map(({ nats }) => nats))
    const sum = scored.reduce((all, { nats }) => all + Math.exp(nats - most), 0)
    return scored
      .map(({ intent, nats }) => ({ intent, sure: Math.exp(nats - most) / sum }))
      .sort((a, b) => b.sure - a.sure)
  }
}
