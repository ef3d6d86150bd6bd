import { describe, expect, it } from 'vitest'
import {
  abstentionText,
  influenceText,
  nobodysParts,
  rangeText,
  segments,
  shareText,
  wayText,
} from './explanation.ts'
import { english } from './sentences.ts'
import { explained } from './testing/explained.ts'

const cut = (answer: string, ...spans: [number, number][]) =>
  segments(
    answer,
    spans.map(([start, end]) => ({ start, end })),
  ).map(({ text, span }) => (span === null ? text : `[${text}]${span}`))

describe('the pieces of an answer', () => {
  it('are cut where passages begin and end, numbered in the order they were given', () => {
    expect(cut('A nuc is a small hive.', [9, 21], [0, 5])).toEqual([
      '[A nuc]2',
      ' is ',
      '[a small hive]1',
      '.',
    ])
  })

  it('give the words of two passages to the earlier one, and begin the later with a word', () => {
    expect(cut('one two, three four', [0, 7], [4, 14])).toEqual(['[one two]1', ', ', '[three]2', ' four'])
    expect(cut('one two', [0, 7], [4, 7])).toEqual(['[one two]1'])
  })

  it('are the answer again when joined, also where a passage does not lie in it', () => {
    const answer = '“Nuc” is short for nucleus.'
    for (const spans of [
      [],
      [[0, 5]],
      [[20, 99]],
      [[50, 60]],
      [[5, 2]],
      [
        [0, 9],
        [3, 12],
        [3, 27],
      ],
    ] as const) {
      const pieces = segments(
        answer,
        spans.map(([start, end]) => ({ start, end })),
      )
      expect(pieces.map(({ text }) => text).join('')).toBe(answer)
      expect(pieces.every(({ text }) => text !== '')).toBe(true)
    }
  })
})

describe('a share', () => {
  const say = (share: number, low: number | null, high: number | null) =>
    shareText({ share, low, high }, english)
  it('is told with its interval, small ones with one decimal', () => {
    expect(say(0.31, 0.24, 0.38)).toBe('31 % (24–38 %)')
    expect(say(0.004, 0.001, 0.009)).toBe('0.4 % (0.1–0.9 %)')
    expect(say(0.5, 0, 1)).toBe('50 % (0–100 %)')
    expect(say(0.31, 0.31, 0.31)).toBe('31 %')
  })
  it('stands alone while no interval was measured', () => {
    expect(say(0.75, null, null)).toBe('75.0 %')
    expect(say(0.75, 0.5, null)).toBe('75.0 %')
  })
})

describe('an influence', () => {
  it('has a sign, and digits even where it is tiny', () => {
    expect(['+1.500', '−0.500', '+0.0004', '−0.00002', '+0.000']).toEqual(
      [1.5, -0.5, 0.00042, -0.00002, 0].map(influenceText),
    )
  })
})

describe('what the base model already knew', () => {
  const way = (unigram: number, base: number, adapter: number) =>
    wayText(explained({ nats: { unigram, base, adapter } }), english)
  it('is told as its part of the way from word frequencies', () => {
    expect(way(40, 20, 8)).toContain('the base model went 62.5 %')
    expect(way(40, 20, 8)).toContain('the other 37.5 %')
  })
  it('is nothing where word frequencies are surer, and all where tuning added nothing', () => {
    expect(way(40, 50, 10)).toBe(english.explaining.baseBelowWords)
    expect(way(40, 20, 20)).toBe(english.explaining.noGain)
    expect(way(40, 50, 45)).toBe(english.explaining.noneSurer)
    expect(way(40, 30, 41)).toBe(english.explaining.noGain)
  })
})

describe('what is nobody’s', () => {
  it('is told part by part with its reason, empty parts left out', () => {
    const parts = { people: 0.5, base: 0.4, capped: 0, unclear: 0.1 }
    expect(nobodysParts(explained({ parts }), english).map(({ part }) => part)).toEqual([0.4, 0.1])
    const [, unclear] = nobodysParts(explained({ parts }), english)
    expect(unclear?.why).toContain('near-copies')
  })
  it('refers to the reason where nothing was shared out', () => {
    const told = explained({
      parts: { people: 0, base: 0.4, capped: 0, unclear: 0.6 },
      abstained: 'disputed',
    })
    expect(nobodysParts(told, english)[1]?.why).toBe(english.explaining.abstainedMeans)
  })
  it.each(['disputed', 'no-gain', 'gain-too-small', 'asker-is-contributor'])(
    'has words for %s',
    abstained => {
      const words = abstentionText(explained({ abstained }), english)
      expect(words).toMatch(/nobody is paid/)
      expect(words).not.toMatch(/^Nothing was shared out/)
    },
  )
  it('reads a reason it does not know, and says nothing where there is none', () => {
    expect(abstentionText(explained({ abstained: 'model-changed' }), english)).toContain('model changed')
    expect(abstentionText(explained(), english)).toBeNull()
  })
})

describe('the ranges', () => {
  const bob = { name: 'Bob', share: 0.5, low: 0.4, high: 0.6 }
  it('are explained where one is shown', () => {
    expect(rangeText(explained({ contributors: [bob], provisional: false }), english)).toContain(
      'nine times in ten',
    )
  })
  it('are said to be missing while the shares are provisional', () => {
    expect(rangeText(explained(), english)).toContain('Provisional')
    expect(rangeText(explained({ contributors: [] }), english)).toBeNull()
    const ann = { name: 'Ann', share: 0.1, low: null, high: null }
    expect(rangeText(explained({ contributors: [bob, ann] }), english)).toContain('no range yet')
  })
})
