import { describe, expect, test } from 'vitest'
import { readDataset } from './dataset.ts'
import { partRows } from './rows.ts'

const row = (question: string, answer: string, line: number) => ({ question, answer, line })

describe('a dataset is read', () => {
  test.each([
    [
      'JSON Lines of prompt and completion',
      '{"prompt":"a?","completion":"b"}\n\n{"Prompt":"c?","Completion":"d"}',
    ],
    [
      'JSON Lines of instruction and output',
      '{"instruction":"a?","output":"b","input":""}\n\n{"instruction":"c?","output":"d"}',
    ],
    [
      'chats, of which the first question and answer count',
      '{"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"a?"},{"role":"assistant","content":"b"}]}\n\n' +
        '{"messages":[{"role":"user","content":"c?"},{"role":"assistant","content":"d"},{"role":"user","content":"e?"}]}',
    ],
    ['CSV with quotes and a byte-order mark', '\uFEFFid,"Question",Answer\r\n1,"a?",b\r\n2,c?,"d"'],
    ['TSV', 'query\tresponse\na?\tb\nc?\td'],
  ])('from %s', (_, text) => {
    const { rows, unread } = readDataset(text)
    expect(rows.map(({ question, answer }) => [question, answer])).toEqual([
      ['a?', 'b'],
      ['c?', 'd'],
    ])
    expect(unread).toEqual([])
  })

  test('with the input of an instruction behind it, and the licence of its own that a row names', () => {
    expect(
      readDataset('[{"instruction":"Sum up.","input":"Bees fly.","output":"Flight.","license":"MIT"}]').rows,
    ).toEqual([{ ...row('Sum up.\nBees fly.', 'Flight.', 1), licence: 'MIT' }])
  })

  test('past lines that are no rows, each named with its reason', () => {
    const { rows, unread } = readDataset(
      '{"question":"a?","answer":"b"}\n{"question":"c?"\n{"question":"e?"}\n{"question":1,"answer":"x"}',
    )
    expect(rows).toEqual([row('a?', 'b', 1)])
    expect(unread.map(({ line }) => line)).toEqual([2, 3, 4])
    expect(unread[0]?.why).toBe('it is not JSON')
  })

  test.each(['', '   ', '[1,2', 'hello there', '{"text":"no answer"}'])(
    'or refused where it holds no row: %j',
    text => {
      expect(() => readDataset(text)).toThrow(expect.objectContaining({ code: 'dataset-unreadable' }))
    },
  )
})

describe('rows are parted', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ question: `Question ${at}?`, answer: `Answer ${at}.` }))

  test('by their hashes: the order of the file does not matter, and a tenth is held out', () => {
    const forth = partRows(many(300), 'MIT', () => true)
    const back = partRows(many(300).reverse(), 'MIT', () => true)
    expect(forth.heldOut).toHaveLength(30)
    expect(forth.training).toHaveLength(270)
    expect(new Set(back.heldOut.map(({ question }) => question))).toEqual(
      new Set(forth.heldOut.map(({ question }) => question)),
    )
    const held = new Set(forth.heldOut.map(({ question }) => question))
    expect(forth.training.some(({ question }) => held.has(question))).toBe(false)
  })

  test('with at least ten held out and at most two hundred', () => {
    expect(partRows(many(20), 'MIT', () => true).heldOut).toHaveLength(10)
    expect(partRows(many(3000), 'MIT', () => true).heldOut).toHaveLength(200)
    expect(() => partRows(many(19), 'MIT', () => true)).toThrow(
      expect.objectContaining({ code: 'rows-too-few' }),
    )
  })

  test('without what is too long for the model or cannot be stored', () => {
    const rows = [
      ...many(20),
      { question: 'x'.repeat(30), answer: 'y' },
      { question: 'a\0b\ud800?', answer: 'c' },
    ]
    const { dropped, training, heldOut } = partRows(rows, 'MIT', question => question.length < 20)
    expect(dropped).toEqual({ empty: 0, tooLong: 1, duplicate: 0 })
    expect([...training, ...heldOut].map(({ question }) => question)).toContain('ab\ufffd?')
  })
})
