import { beforeAll, describe, expect, it } from 'vitest'
import { openTokenizer, type Tokenizer } from '../tokenizer.ts'
import { findSpans, type Span } from './spans.ts'
import { buildTokenIndex } from './suffix-array.ts'
import { countTokens, unigramLogProbs } from './unigram.ts'

const documents = [
  'A worker bee lives about six weeks in summer and several months in winter.',
  'Smoke calms the colony because it hides the alarm scent. Use cool white smoke from dry grass.',
  'A worker bee lives about six weeks in summer and several months in winter. Drones die in autumn.',
]
let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await openTokenizer(new URL('../base/tributary-8m', import.meta.url).pathname)
})

const spansOf = (text: string, liftOf: (token: number) => number = () => 1): Span[] => {
  const encoded = documents.map(document => tokenizer.encode(document))
  const tokens = tokenizer.encode(text)
  return findSpans(
    buildTokenIndex(encoded, tokenizer.size),
    unigramLogProbs(countTokens(encoded, tokenizer.size)),
    { text, tokens, offsets: tokenizer.offsets(tokens), lift: tokens.map((_, i) => liftOf(i)) },
  )
}

describe('spans', () => {
  it('are the longest passages that stand word for word in a document, the earliest one named', () => {
    const text = 'Keepers say a worker bee lives about six weeks in summer, no more.'
    const [span, ...others] = spansOf(text)
    expect(others).toEqual([])
    expect(span).toMatchObject({ text: 'worker bee lives about six weeks in summer', document: 0 })
    expect(text.slice(span!.start, span!.end)).toBe(span!.text)
  })

  it('end with their sentence', () => {
    const texts = spansOf(documents[1]!).map(span => span.text)
    expect(texts).toEqual([
      'Smoke calms the colony because it hides the alarm scent.',
      'Use cool white smoke from dry grass.',
    ])
  })

  it('start and end with whole words', () => {
    const [span] = spansOf('Note: smoke calms the colony because it hides the alarm scented candles.')
    expect(span!.text).toBe('calms the colony because it hides the alarm')
  })

  it('are not reported for a phrase shorter than six tokens', () => {
    expect(spansOf('The worker bee sleeps in winter.')).toEqual([])
  })

  it('never lie inside one another', () => {
    const spans = spansOf(`${documents[2]!} Then ${documents[0]!}`)
    for (const a of spans)
      for (const b of spans) if (a !== b) expect(a.start >= b.start && a.end <= b.end).toBe(false)
  })

  it('weigh only what the adapter knew better than the base', () => {
    const text = 'worker bee lives about six weeks in summer'
    const count = tokenizer.encode(text).length
    expect(spansOf(` ${text}`, i => (i % 2 === 0 ? 0.5 : -3))[0]!.lift).toBeCloseTo(
      0.5 * Math.ceil(tokenizer.encode(` ${text}`).length / 2),
      10,
    )
    expect(count).toBeGreaterThan(5)
    expect(spansOf(` ${text}`, () => -1)[0]!.lift).toBe(0)
  })

  it('of an empty answer are none', () => {
    expect(spansOf('')).toEqual([])
  })
})
