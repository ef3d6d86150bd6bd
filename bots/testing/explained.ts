import type { Explained } from '../explanation.ts'

export const ANSWER_ID = '018f0000-0000-7000-8000-000000000001'

/** A row of Bob's, as `explain` shows one in rows and spans alike. */
export const keptRow = {
  contributor: 'Bob <b>',
  contributionId: 'c1',
  question: 'What is a nuc?',
  text: 'A nuc is a small hive.',
  state: 'kept',
} as const

export const withdrawnRow = {
  contributor: null,
  contributionId: null,
  question: null,
  text: null,
  state: 'withdrawn',
} as const

/** What `explain` tells of one answer, measured without intervals unless said otherwise. */
export const explained = (part: Partial<Explained> = {}): Explained => ({
  answerId: ANSWER_ID,
  question: 'What is a nuc?',
  answer: 'A nuc is a small hive.',
  model: 'beekeeping@1',
  receiptId: null,
  measured: true,
  ageSeconds: 60,
  tokens: 6,
  nats: { unigram: 40, base: 36, adapter: 8 },
  parts: { people: 0.75, base: 0.125, capped: 0, unclear: 0.125 },
  contributors: [{ name: 'Bob <b>', share: 0.75, low: null, high: null }],
  withdrawn: null,
  rows: [{ ...keptRow, influence: 1.5, copies: 0 }],
  spans: [{ ...keptRow, start: 9, end: 21, words: 'a small hive', lift: 3 }],
  unattributed: 0.25,
  abstained: null,
  provisional: true,
  ...part,
})
