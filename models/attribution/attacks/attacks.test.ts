import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultRecipe, type Engine, openEngine } from '../../engine.ts'
import { scenariosOf } from './attacks.ts'
import { type Laboratory, runScenario, type Settled, snapshotOf } from './run.ts'
import { honest, type Scenario } from './scenario.ts'
import { smallBase } from './testing/small-base.ts'
import { type Effect, type Verdict, verdictOf, verdictTable } from './verdict.ts'

const model = new URL('../../golden/llama-tied/base', import.meta.url).pathname
const base = smallBase()
const scenarios = scenariosOf(base)

let folder: string
let engine: Engine
let laboratory: Laboratory
let plain: Settled

const settle = async (scenario: Scenario): Promise<Settled> =>
  runScenario(scenario, await snapshotOf(scenario, laboratory), base.calibration, laboratory)

/** Runs the scenarios of these names, and checks that no unit came from nowhere. */
const run = async (...names: string[]): Promise<Verdict[]> => {
  const out: Verdict[] = []
  for (const name of names) {
    const scenario = scenarios.find(one => one.name === name)!
    const settled = await settle(scenario)
    const revenue = scenario.questions.reduce((sum, { revenueUnits }) => sum + revenueUnits, 0n)
    for (const table of [settled.table, settled.provisional]) {
      const { paidUnits, commonsUnits, dataUnits, perAnswer, accounts } = table
      expect(dataUnits).toBe((revenue * BigInt(laboratory.dataShare)) / 10_000n)
      expect(paidUnits + commonsUnits).toBe(dataUnits)
      expect(paidUnits).toBeLessThanOrEqual(perAnswer.reduce((sum, { potUnits }) => sum + potUnits, 0n))
      expect([...accounts.values()].reduce((sum, units) => sum + units, 0n)).toBe(paidUnits)
    }
    out.push(verdictOf(scenario, settled, base, plain))
  }
  return out
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attacks-'))
  engine = await openEngine({ base: model, threads: 1 })
  laboratory = {
    engines: [engine],
    recipeOf: () => ({ ...defaultRecipe, epochs: 12, batch: 3, learningRate: 8e-3, maxTokens: 96 }),
    subsetRecipe: {},
    folder,
    members: 8,
    dataShare: 6000,
    seed: 1,
    attributed: new Map(),
  }
  plain = await settle(honest(base))
}, 60_000)
afterAll(async () => {
  await engine?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('without attacks', () => {
  it('there is something to win: rows are paid, and error bars are known', () => {
    expect(plain.table.paidUnits).toBeGreaterThan(0n)
    expect(plain.table.provisional).toBe(false)
  })
})

describe('copies of another contributor', () => {
  it.each([2, 4, 8])('end at intake and take nothing from anybody, k = %i', async k => {
    const nothing = { incomeUnits: 0, othersLost: 0, held: true }
    for (const one of await run(`copy k=${k}, verbatim`, `copy k=${k}, reworded`)) {
      expect(one.ended).toMatchObject({ intake: k, paid: 0 })
      expect([one.effect, one.provisional]).toMatchObject([nothing, nothing])
    }
  })

  it('earn nothing by claiming to be older, and no more than the original where they came first', async () => {
    const [after, first] = await run('backdated copy, seen after', 'backdated copy, seen first')
    expect(after!.effect).toMatchObject({ incomeUnits: 0, othersLost: 0, held: true })
    for (const { incomeUnits, honestUnits } of [first!.effect, first!.provisional])
      expect(incomeUnits).toBe(honestUnits)
  })
})

describe('an account', () => {
  it('split into ten earns what it earned as one, to the unit', async () => {
    const [split] = await run('one account split into 10')
    for (const { incomeUnits, honestUnits, othersLost } of [split!.effect, split!.provisional])
      expect({ incomeUnits, othersLost }).toEqual({ incomeUnits: honestUnits, othersLost: 0 })
    expect(split!.provisional.incomeUnits).toBeGreaterThan(0)
  })

  it('that asks itself does not win what the asking cost, known as one person or not', async () => {
    const names = ['', ', linked', ', unlinked', ', one row'].map(how => `asking oneself${how}`)
    for (const { spentUnits, effect, provisional } of await run(...names)) {
      expect(spentUnits).toBeGreaterThan(0)
      for (const { incomeUnits, honestUnits, held } of [effect, provisional]) {
        expect(incomeUnits - spentUnits).toBeLessThanOrEqual(honestUnits)
        expect(held).toBe(true)
      }
    }
  })

  it('that sends its rows again has its near-copies paid nothing', async () => {
    const [again] = await run('copy k=4 of own rows, reworded')
    expect(again!.ended).toEqual({ intake: 0, identity: 4, influence: 0, pay: 0, paid: 0 })
  })
})

describe('the table', () => {
  it('names the stage at which each attack ended, and says which bars were missed', () => {
    const effect: Effect = {
      incomeUnits: 30,
      honestUnits: 10,
      ratio: 2,
      potShare: 0.25,
      othersLost: null,
      held: false,
    }
    const verdict: Verdict = {
      name: 'some attack',
      about: '',
      ended: { intake: 3, identity: 0, influence: 1, pay: 0, paid: 2 },
      spentUnits: 10,
      effect,
      provisional: { ...effect, ratio: null, othersLost: -0.5, held: true },
    }
    const [, line] = verdictTable([verdict]).split('\n')
    expect(line!.split(/ {2,}/)).toEqual(
      'some attack|intake 3, influence 1, paid 2|10|30|10|2.00|25.00%|-|MISSED|30|10|-|25.00%|-50.0%|held'.split(
        '|',
      ),
    )
  })
})
