import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defaultCheckPolicy as policy } from '../../tools/checks/check.ts'
import { curate } from '../../tools/checks/curate.ts'
import { Datanet } from '../../tools/checks/datanet-view.ts'
import { badRows, type GoodRow } from './bad-rows.ts'

const folder = new URL('../../infra/samples/beekeepers/', import.meta.url)
const good: GoodRow[] = readdirSync(folder)
  .filter(name => name.endsWith('.jsonl') && !name.startsWith('evaluation'))
  .sort()
  .flatMap(name => readFileSync(new URL(name, folder), 'utf8').trim().split('\n'))
  .map(line => JSON.parse(line))

const count = (reasons: readonly string[], reason: string): number =>
  reasons.filter(one => one === reason).length

describe('forty bad rows', () => {
  const bad = badRows(good)

  test('there are 16 copies, 6 wrong licences, 6 with personal data, 6 of gibberish and 6 injections', () => {
    const reasons = bad.map(row => row.expected)
    expect(bad).toHaveLength(40)
    expect(
      ['duplicate', 'licence', 'personal-data', 'gibberish', 'injection'].map(reason =>
        count(reasons, reason),
      ),
    ).toEqual([16, 6, 6, 6, 6])
  })

  test('the same rows give the same forty, another seed gives others', () => {
    expect(badRows(good)).toEqual(bad)
    expect(badRows(good, 2)).not.toEqual(bad)
  })

  test("a copy is word for word another contributor's row, a rewording is not", () => {
    const verbatim = bad.filter(row =>
      good.some(
        one => one.answer === row.answer && one.question === row.question && row.expected === 'duplicate',
      ),
    )
    expect(verbatim).toHaveLength(8)
    for (const row of verbatim)
      expect(good.find(one => one.answer === row.answer)?.contributor).not.toBe(row.contributor)
  })

  test('every bad row comes from a known contributor', () => {
    const names = new Set(good.map(row => row.contributor))
    expect(bad.every(row => names.has(row.contributor))).toBe(true)
  })

  test('too few rows are said to be too few', () => {
    expect(() => badRows(good.slice(0, 29))).toThrow(expect.objectContaining({ code: 'too-few-rows' }))
    expect(() => badRows(good.slice(0, 40))).toThrow(expect.objectContaining({ code: 'too-few-rows' }))
  })
})

test('the curator refuses at least 36 of 40 for the right reason, whatever the seed', () => {
  const view = new Datanet({ purpose: 'questions of beekeepers', policy })
  good.forEach((row, i) => {
    view.add({ ...row, id: `${i}`, account: row.contributor })
  })
  for (let seed = 1; seed <= 12; seed++) {
    const right = badRows(good, seed).filter((row, i) => {
      const { verdict, reason } = curate({ ...row, id: `bad-${i}`, account: row.contributor }, policy, view)
      return verdict === 'refuse' && reason === row.expected
    })
    expect(right.length).toBeGreaterThanOrEqual(36)
  }
})
