import { expect, test } from 'vitest'
import { bm25, bm25Over } from './bm25.ts'

test('scores of three documents by hand', () => {
  const score = bm25Over([['bee', 'queen', 'bee'], ['bee', 'hive'], ['wax']])
  const [all, one] = [score(['bee', 'hive']), score(['wax', 'wax'])]
  // Mean length 2. bee is in 2 of 3: ln(1 + 1.5/2.5) = ln 1.6; hive and wax in 1: ln(1 + 2.5/1.5) = ln(8/3).
  const norm = (length: number) => 1.2 * (0.25 + (0.75 * length) / 2)
  const [bee, rare] = [Math.log(1.6), Math.log(8 / 3)]
  expect(all[0]).toBeCloseTo((bee * 2 * 2.2) / (2 + norm(3)), 12)
  expect(all[1]).toBeCloseTo((bee * 2.2 + rare * 2.2) / (1 + norm(2)), 12)
  expect(all[2]).toBe(0)
  expect([...one]).toEqual([0, 0, expect.closeTo((2 * rare * 2.2) / (1 + norm(1)), 12)])
})

test('compares stems of question and answer', async () => {
  const rows = [
    { prompt: 'Where do bees live?', answer: 'In hives.' },
    { prompt: 'How is paper made?', answer: 'From pulp.' },
  ]
  const [scores] = await bm25(rows).scores([{ prompt: 'What is a hive?', answer: 'The home of a bee.' }])
  expect(scores![0]).toBeGreaterThan(0)
  expect(scores![1]).toBe(0)
})
