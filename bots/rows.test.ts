import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRows } from './rows.ts'

const two = [
  { question: 'What is a nuc?', answer: 'A small hive.' },
  { question: 'And a super?', answer: 'A box for honey.' },
]

describe('rows', () => {
  it.each([
    ['JSON Lines', two.map(row => JSON.stringify(row)).join('\n')],
    ['a JSON array', JSON.stringify(two)],
    [
      'CSV with a header',
      'question,answer\nWhat is a nuc?,A small hive.\r\n"And a super?","A box for honey."\n',
    ],
    ['TSV with a header', 'answer\tquestion\nA small hive.\tWhat is a nuc?\nA box for honey.\tAnd a super?'],
    ['one "question | answer" a line', 'What is a nuc? | A small hive.\n\nAnd a super? | A box for honey.'],
    ['Q: and A: pairs', 'Q: What is a nuc?\nA: A small hive.\n\nQ: And a super?\nA: A box\nfor honey.'],
  ])('are read from %s', (_, text) => {
    const rows = parseRows(text).map(({ question, answer }) => ({
      question,
      answer: answer.replace('\n', ' '),
    }))
    expect(rows).toEqual(two)
  })

  it('are not taken for a table because their words name its columns', () => {
    expect(parseRows('A question, is it? | An answer, it is.\nb | c')).toHaveLength(2)
  })

  it('keep a row’s own licence', () => {
    expect(parseRows('{"question":"a","answer":"b","license":"CC-BY-4.0"}')).toEqual([
      { question: 'a', answer: 'b', licence: 'CC-BY-4.0' },
    ])
  })

  it.each([
    ['', 'Line 1'],
    ['a | b\nno separator', 'Line 2'],
    ['{"question":"a","answer":"b"}\n{"question":', 'Line 2'],
    ['question,answer\nonly one cell', 'Line 2'],
    ['Q: a', 'Line 1'],
  ])('name the line that cannot be read in %j', (text, place) => {
    expect(() => parseRows(text)).toThrow(
      expect.objectContaining({ code: 'rows-unreadable', message: expect.stringContaining(place) }),
    )
  })

  it('survive a round through quoted CSV, whatever their text', () => {
    const cell = fc
      .string({ minLength: 1 })
      .map(text => text.replace(/\r/g, '').trim())
      .filter(text => text !== '')
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
    fc.assert(
      fc.property(fc.array(fc.record({ question: cell, answer: cell }), { minLength: 1 }), rows => {
        const csv = `question,answer\n${rows.map(({ question, answer }) => `${quote(question)},${quote(answer)}`).join('\n')}`
        expect(parseRows(csv)).toEqual(rows)
      }),
    )
  })
})
