import type { Bounds } from '../../models/attribution/likeness.ts'
import { defaultBounds } from '../../models/attribution/likeness.ts'
import type { DatanetView } from './datanet-view.ts'

export type Reason =
  | 'schema'
  | 'language'
  | 'length'
  | 'secrets'
  | 'personal-data'
  | 'licence'
  | 'toxicity'
  | 'injection'
  | 'duplicate'
  | 'relevance'
  | 'contamination'
  | 'gibberish'

export type Verdict = 'accept' | 'refuse' | 'review'

/** What somebody submits: one question with its answer, under one licence. */
export interface Row {
  id: string
  account: string
  question: string
  answer: string
  /** An SPDX expression, as declared for the datanet or for this row. */
  licence: string
}

export interface Finding {
  check: Reason
  verdict: 'pass' | 'refuse' | 'review'
  /** One plain sentence to the contributor. It never repeats a secret or personal data. */
  message: string
  /** One imperative sentence: how to make the row acceptable. */
  fix?: string
  facts?: Record<string, string | number>
  /** For a duplicate: the id of the first row. */
  first?: string
}

/** A check is pure: the same row, policy and view give the same finding; it neither stores nor sends anything. */
export type Check = (row: Row, policy: CheckPolicy, datanet: DatanetView) => Finding

/** Every bound of the checks. The reason stands beside each value in `defaultCheckPolicy`. */
export interface CheckPolicy {
  /** SPDX identifiers that the datanet takes. */
  licences: readonly string[]
  /** ISO 639-1 code of the datanet's language; other than `en` switches the English word test off. */
  language: string
  /** Share of letters outside the Latin script above which a row in a Latin-script language is refused, 0..1. */
  foreignScriptShare: number
  questionCharacters: { min: number; max: number }
  answerCharacters: { min: number; max: number }
  answerWords: { min: number }
  /** Mean log2 probability a letter pair has to reach, in bits below the English mean, before a word counts as mashed. */
  mashedWordShare: { review: number; refuse: number }
  /** Share of everyday words, or words of the datanet, under which a text is made up, 0..1. */
  knownWordShare: number
  /** Share of word pairs that English grammar has no use for, 0..1. */
  brokenPairShare: number
  /** Share of an answer's words that are one repeated phrase, 0..1. */
  repeatedShare: number
  /** Bits a character above which a long token without any word in it is taken for a key. */
  secretEntropyBits: number
  secretLength: number
  duplicate: Bounds
  /** Bounds against held-out rows: stricter, since a datanet has to teach what its evaluation asks. */
  contamination: Bounds
  /** Weighted Jaccard of two questions from which they are the same question, 0..1. */
  sameQuestion: number
  /** Words of a shared run with a held-out row that count as a leak. */
  contaminationWords: number
  /** Share of a held-out row's answer that may be shared in runs before it counts as a leak, 0..1. */
  contaminationShare: number
  /** Likeness of the questions (`Likeness.question`) from which shared runs accuse, 0..1. */
  contaminationQuestion: number
  /** Likeness to the datanet's purpose and rows under which a row is looked at by a person, 0..1. */
  relevance: { review: number; minRows: number }
}

export const defaultCheckPolicy: CheckPolicy = {
  licences: ['CC0-1.0', 'CC-BY-4.0', 'CC-BY-3.0', 'PDDL-1.0', 'ODC-By-1.0', 'MIT', 'Apache-2.0'], // all let a tuned model be sold
  language: 'en',
  foreignScriptShare: 0.3, // a quoted name in another script stays well under this
  questionCharacters: { min: 8, max: 500 }, // "Why bees?" is 9; longer than 500 is an essay, not a question
  answerCharacters: { min: 12, max: 4_000 }, // 4,000 characters are about 1,000 tokens, twice the base's context
  answerWords: { min: 3 }, // fewer teach a model nothing that the question does not
  mashedWordShare: { review: 0.3, refuse: 0.45 },
  knownWordShare: 0.18, // of 1,454 good answers the lowest has 0.28 without the datanet's own words
  brokenPairShare: 0.035, // of 974 medical answers none lies above 0.03, shuffled text lies around 0.04 to 0.1
  repeatedShare: 0.6,
  secretEntropyBits: 3.6, // random hex is 4.0, random base64 about 5; English words joined by dashes stay under 3.5
  secretLength: 24,
  duplicate: defaultBounds, // measured where they are written
  contamination: { ...defaultBounds, told: 0.7 }, // rows that share facts with a held-out row tell up to 0.7 of it
  sameQuestion: 0.8, // a word or two of inflection or politeness apart
  contaminationWords: 13, // the n-gram length of the GPT-3 report's contamination study
  contaminationShare: 0.5,
  contaminationQuestion: 0.65, // in templates filled with another subject it stays under 0.55
  relevance: { review: 0.1, minRows: 200 }, // one in 500 good rows lies under it,
}

export const pass = (check: Reason, message: string, facts?: Record<string, string | number>): Finding =>
  facts === undefined ? { check, verdict: 'pass', message } : { check, verdict: 'pass', message, facts }

export const refuse = (
  check: Reason,
  message: string,
  fix: string,
  facts?: Record<string, string | number>,
): Finding =>
  facts === undefined
    ? { check, verdict: 'refuse', message, fix }
    : { check, verdict: 'refuse', message, fix, facts }

export const review = (
  check: Reason,
  message: string,
  fix: string,
  facts?: Record<string, string | number>,
): Finding => ({
  ...refuse(check, message, fix, facts),
  verdict: 'review',
})
