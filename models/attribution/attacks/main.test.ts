import { expect, it } from 'vitest'
import { attackOptions } from './main.ts'

it('reads its arguments', () => {
  const options = attackOptions([
    '--data',
    'a.jsonl,b.jsonl',
    '--eval',
    'c.jsonl',
    '--rows',
    '24',
    '--json',
    'out.json',
  ])
  expect(options).toMatchObject({
    data: ['a.jsonl', 'b.jsonl'],
    evaluation: ['c.jsonl'],
    rows: 24,
    contributors: 4,
    json: 'out.json',
  })
})

it('names everything that is wrong with them at once', () => {
  const wrong = () => attackOptions(['--rows', '0', '--members', 'many', '--data', 'a.jsonl'])
  expect(wrong).toThrow(expect.objectContaining({ code: 'attack-arguments', facts: { reasons: 3 } }))
})
