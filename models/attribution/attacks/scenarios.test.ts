import { describe, expect, it } from 'vitest'
import { scenariosOf } from './attacks.ts'
import { takeIn } from './intake.ts'
import { contributorsOf, insiderOf, rowsOf, type Scenario } from './scenario.ts'
import { reworded, synonymsIn } from './scenarios/rewording.ts'
import { smallBase } from './testing/small-base.ts'

const base = smallBase()
const scenarios = scenariosOf(base)
const named = (name: string): Scenario => scenarios.find(one => one.name === name)!
const sentBy = ({ rows, attackers }: Scenario) => rows.filter(row => attackers.includes(row.contributor))
const intakeOf = ({ rows, missed }: Scenario) => takeIn(rows, null, missed)

describe('attack scenarios', () => {
  it('are the same for the same base and seed, and others for another seed', () => {
    expect(scenariosOf(base)).toEqual(scenarios)
    const noise = scenariosOf(base, 2).find(({ name }) => name === 'random noise account')!
    expect(noise.rows).not.toEqual(named('random noise account').rows)
  })

  it('have names and row ids of their own, and compare with rows of the base', () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
    const known = new Set(base.rows.map(row => row.id))
    for (const { rows, honestIncomeOf } of scenarios) {
      expect(new Set(rows.map(row => row.id)).size).toBe(rows.length)
      expect(honestIncomeOf.every(id => known.has(id))).toBe(true)
    }
  })

  it('reword without repeating: every copy differs from the row and from the other copies', () => {
    const synonyms = synonymsIn(base.rows.flatMap(row => [row.prompt, row.answer]))
    for (const row of base.rows) {
      const copies = [0, 1, 2, 3, 4, 5, 6, 7].map(copy => reworded(row, synonyms, copy, 1))
      expect(new Set([row.prompt, ...copies.map(copy => copy.prompt)]).size).toBe(9)
      expect(copies.every(copy => copy.answer !== row.answer)).toBe(true)
    }
  })

  it('flip every answer of one account and leave the others alone', () => {
    const flipped = named('label flipping')
    const own = rowsOf(base, insiderOf(base))
    const answers = new Map(own.map(row => [row.prompt, row.answer]))
    for (const row of sentBy(flipped)) expect(row.answer).not.toBe(answers.get(row.prompt))
    expect(new Set(sentBy(flipped).map(row => row.answer))).toEqual(new Set(own.map(row => row.answer)))
    expect(flipped.rows.filter(row => row.contributor !== insiderOf(base))).toEqual(
      base.rows.filter(row => row.contributor !== insiderOf(base)),
    )
  })

  it('split an account without changing a word', () => {
    const split = named('one account split into 10')
    const text = ({ prompt, answer }: { prompt: string; answer: string }) => ({ prompt, answer })
    expect(split.rows.map(text)).toEqual(base.rows.map(text))
    expect(contributorsOf({ ...base, rows: split.rows })).not.toContain(insiderOf(base))
  })
})

describe('intake', () => {
  it.each([2, 4, 8])('refuses %i copies of a row, word for word and reworded', k => {
    for (const kind of ['verbatim', 'reworded']) {
      const copies = named(`copy k=${k}, ${kind}`)
      const { accepted, refused } = intakeOf(copies)
      expect(refused.map(({ row }) => row)).toEqual(sentBy(copies))
      expect(accepted).toHaveLength(base.rows.length)
    }
  })

  it("gives an account's own near-copies one unit of weight with the first of them", () => {
    const copies = named('copy k=4 of own rows, reworded')
    const { accepted } = intakeOf(copies)
    expect(accepted.filter(({ canonical }) => canonical).map(({ row }) => row)).toEqual(base.rows)
    expect(accepted.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(base.rows.length, 9)
  })

  it('goes by the order of arrival, not by the time that is claimed', () => {
    const late = intakeOf(named('backdated copy, seen after'))
    expect(late.refused.every(({ row }) => row.contributor === 'copier')).toBe(true)
    const first = intakeOf(named('backdated copy, seen first'))
    expect(first.refused.every(({ row }) => row.contributor === contributorsOf(base)[0])).toBe(true)
    expect(first.accepted.map(({ row }) => row.answer)).toEqual(late.accepted.map(({ row }) => row.answer))
  })

  it('takes rows that it is told to miss for new ones', () => {
    const { accepted, refused } = intakeOf(named('copy k=2, reworded, missed by intake'))
    expect(refused).toEqual([])
    expect(accepted.every(({ canonical, weight }) => canonical && weight === 1)).toBe(true)
  })
})
