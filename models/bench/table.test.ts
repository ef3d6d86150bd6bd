import { expect, test } from 'vitest'
import { benchRow } from './row.ts'
import { markdownTable, shortNumber, tableOf } from './table.ts'

const row = (ours: number, peer: number | null, less = false) =>
  benchRow('a step', 0.8, { ours, peer, unit: 'tokens/s', note: 'a | b', less })

test('a ratio is above 1 where ours is better, also where less is better', () => {
  expect(row(30, 20).ratio).toBe(1.5)
  expect(row(20, 30, true).ratio).toBe(1.5)
})

test('a bar is met from its own ratio on, and neither met nor missed without a peer or a bar', () => {
  expect(row(8, 10).met).toBe(true)
  expect(row(7.9, 10).met).toBe(false)
  expect(row(8, null).met).toBeNull()
  expect(benchRow('x', null, { ours: 1, peer: 1, unit: '', note: '' }).met).toBeNull()
})

test('numbers have three digits, and all of theirs from 100 on', () => {
  expect([0, 1.23456, 98.76, 1234.5, null].map(shortNumber)).toEqual(['0', '1.23', '98.8', '1,235', '-'])
})

test('columns of text are aligned and a missed bar stands out', () => {
  const [head, met, missed] = tableOf([row(9, 10), row(1, 10_000)]).split('\n')
  const at = head!.indexOf('ratio')
  expect(met!.slice(at, at + 4)).toBe('0.90')
  expect(missed!.slice(at, at + 4)).toBe('0.00')
  expect(missed).toContain('NO')
})

test('a Markdown table has as many cells in each line, whatever a note contains', () => {
  const lines = markdownTable([row(9, 10)])
    .trim()
    .split('\n')
  expect(lines.map(line => line.split(/(?<!\\)\|/).length)).toEqual([10, 10, 10])
})
