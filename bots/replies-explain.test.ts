import { describe, expect, it } from 'vitest'
import { explainReplies } from './replies-explain.ts'
import type { Reply } from './reply.ts'
import { english } from './sentences.ts'
import { explained, keptRow, withdrawnRow } from './testing/explained.ts'

const replies = (part: Parameters<typeof explained>[0] = {}) => explainReplies(explained(part), english)
const table = (said: Reply[], title: string) =>
  said.find(reply => reply.kind === 'table' && reply.title === title) as Extract<Reply, { kind: 'table' }>
const titles = (said: Reply[]) => said.flatMap(reply => (reply.kind === 'table' ? [reply.title] : []))
const words = (said: Reply[]) => JSON.stringify(said)
const { explaining } = english

describe('the reply to /why', () => {
  it('marks copied words in the answer, with the number of their row', () => {
    const said = replies()
    expect(said[0]).toMatchObject({ kind: 'card', body: 'A nuc is [a small hive]¹.' })
    expect(table(said, explaining.wordsTitle).rows).toEqual([['1', 'Bob <b>', '"a small hive"']])
  })

  it('tells who gets which part, and the parts that are nobody’s with their reasons', () => {
    const shares = table(
      replies({
        contributors: [
          { name: 'Ann', share: 0.31, low: 0.24, high: 0.38 },
          { name: 'Bob', share: 0.1, low: 0, high: 0.2 },
        ],
        withdrawn: { people: 2, share: 0.09, low: 0, high: 0.15 },
        parts: { people: 0.5, base: 0.4, capped: 0, unclear: 0.1 },
        provisional: false,
      }),
      explaining.contributors,
    )
    expect(shares.rows).toEqual([
      ['31 % (24–38 %)', 'Ann'],
      ['10 % (0–20 %)', 'Bob'],
      ['9 % (0–15 %)', '2 people who took their rows back'],
      ['40.0 %', 'The base model, by itself'],
      ['10.0 %', 'Not attributed'],
    ])
    expect(shares.note).toContain('nine times in ten')
    expect(shares.note).toContain('near-copies')
    expect(shares.note).not.toContain('Provisional')
  })

  it('says that shares are provisional while they have no interval', () => {
    expect(table(replies(), explaining.contributors).note).toContain('Provisional')
  })

  it('tells rows for and against apart, and explains nats once', () => {
    const said = replies({
      rows: [
        { ...keptRow, influence: 1.5, copies: 2 },
        { ...keptRow, contributor: 'Cy', influence: -0.25, copies: 0 },
      ],
    })
    expect(table(said, explaining.forTitle).rows).toMatchObject([
      ['+1.500', 'Bob <b>', expect.stringContaining('2 near-copies')],
    ])
    expect(table(said, explaining.againstTitle).rows).toMatchObject([['−0.250', 'Cy', expect.anything()]])
    expect(words(said).split('2.7 times')).toHaveLength(2)
    expect(titles(replies({ rows: [] }))).not.toContain(explaining.forTitle)
  })

  it('shows a withdrawn row as withdrawn, with nobody’s name', () => {
    const said = replies({
      rows: [{ ...withdrawnRow, influence: 1, copies: 0 }],
      spans: [{ ...withdrawnRow, start: 9, end: 21, words: 'a small hive', lift: 1 }],
      contributors: [],
      withdrawn: { people: 1, share: 0.75, low: null, high: null },
    })
    expect(table(said, explaining.forTitle).rows).toEqual([['+1.000', 'not named', '(withdrawn)']])
    expect(table(said, explaining.wordsTitle).rows[0]?.[1]).toBe('(withdrawn)')
    expect(table(said, explaining.contributors).rows[0]).toEqual([
      '75.0 %',
      'Someone who took their rows back',
    ])
    expect(words(said)).not.toContain('Bob')
  })

  it('says why nobody is paid, and that no row can be named', () => {
    const said = replies({
      abstained: 'asker-is-contributor',
      contributors: [],
      parts: { people: 0, base: 0.5, capped: 0, unclear: 0.5 },
    })
    expect(said[1]).toMatchObject({ text: explaining.abstained['asker-is-contributor'] })
    expect(table(said, explaining.contributors).note).toContain(explaining.nobodyInParticular)
  })

  it('says of an unmeasured answer when to look again, and of an old one whom to tell', () => {
    const fresh = replies({ measured: false, ageSeconds: 20 })
    expect(words(fresh)).toContain('takes a minute')
    expect(titles(fresh)).toEqual([])
    expect(words(replies({ measured: false, ageSeconds: 7200 }))).toContain('2 h ago')
    expect(words(replies({ measured: false, ageSeconds: 7200 }))).toContain('operator')
  })

  it('leads to the receipt', () => {
    expect(words(replies({ receiptId: 'r1' }))).toContain('Receipt r1')
  })
})
