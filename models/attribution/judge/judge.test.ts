import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultRecipe, type Engine, openEngine } from '../../engine.ts'
import { isNull, type JudgeData, readJudgeData } from './data.ts'
import { signAgreement } from './metasmoothness.ts'
import { payAnswers, payReport } from './pay-report.ts'
import { assertDisjoint, makePlan, type PlanSizes } from './plan.ts'
import { type JudgeResult, judge } from './run.ts'
import { barsOf, judgeTable } from './table.ts'

const model = new URL('../../golden/llama-tied/base', import.meta.url).pathname
const sizes: PlanSizes = {
  ensemble: 32,
  half: 12,
  most: 4,
  otherSeed: 6,
  level: 4,
  leftOut: 4,
  topRemoval: true,
}

/** Four topics that repeat their own words: what a model of a few thousand parameters can learn. */
const topics = [
  'honey nectar',
  'mites acid',
  'wax candles',
  'smoke calm',
  'queen eggs',
  'swarm basket',
] as const
const lines = (contributor: string, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const topic = topics[i % topics.length]!
    const [first, second] = topic.split(' ')
    return JSON.stringify({
      contributor,
      question: `${first} ${second} ${Math.floor(i / topics.length)}?`,
      answer: `${first} ${second} ${first} ${second} ${second}`,
    })
  }).join('\n')

let folder: string
let engine: Engine
let data: JudgeData
let result: JudgeResult
const said: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judge-'))
  await writeFile(join(folder, 'rows.jsonl'), lines('Ann', 24))
  await writeFile(join(folder, 'questions.jsonl'), lines('', 12))
  data = await readJudgeData('tiny', [join(folder, 'rows.jsonl')], [join(folder, 'questions.jsonl')])
  engine = await openEngine({ base: model, threads: 1 })
  result = await judge({
    engines: [engine],
    data,
    recipe: { ...defaultRecipe, epochs: 6, batch: 8, learningRate: 1e-2, maxTokens: 64 },
    sizes,
    folder,
    say: line => said.push(line),
  })
}, 120_000)
afterAll(async () => {
  await engine?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('the judge', () => {
  it('deals questions by turns and adds the null accounts', () => {
    expect(data.calibration).toHaveLength(6)
    expect(data.judge).toHaveLength(6)
    expect(data.rows.filter(({ contributor }) => isNull(contributor))).toHaveLength(32)
    expect(said[0]).toContain('minutes of retraining are left')
  })

  it('scores every method on the same subsets', () => {
    expect(result.methods.map(({ ours }) => ours)).toEqual([...Array(4).fill(true), ...Array(10).fill(false)])
    for (const { half, most, otherSeed, leftOut } of result.methods)
      for (const interval of [half, most, otherSeed, leftOut!]) {
        expect(interval.value).toBeGreaterThanOrEqual(-1)
        expect(interval.low).toBeLessThanOrEqual(interval.value)
        expect(interval.high).toBeGreaterThanOrEqual(interval.value)
      }
    expect(judgeTable(result).split('\n')).toHaveLength(2 + result.methods.length)
    expect(barsOf(result).map(({ bar }) => bar)).toContain('85% to 95%')
  })

  it('finds influence where it is: the full method is far ahead of random scores and of lengths', () => {
    const scoreOf = (name: string) => result.methods.find(method => method.name === name)!.half.value
    expect(result.methods[0]!.half.value).toBeGreaterThan(0.6)
    expect(result.methods[0]!.half.value).toBeGreaterThan(scoreOf('random') + 0.4)
    expect(result.methods[0]!.half.value).toBeGreaterThan(scoreOf('length') + 0.2)
  })

  it('knows that one seed predicts the other, and how smoothly the outcome follows the data', () => {
    expect(result.ceiling.value).toBeGreaterThan(0.5)
    expect(result.metasmoothness!.outcomes).toBeGreaterThan(0.5)
    expect(signAgreement([0, 0], [1, -2], [2, -4])).toBe(1)
    expect(signAgreement([0, 0], [1, -2], [0, 0])).toBe(-1)
    expect(signAgreement([0, 0], [3, 1], [4, 0])).toBeCloseTo(0.5)
  })

  it('takes from its cache what it has retrained before', async () => {
    const began = said.length
    const again = await judge({
      engines: [engine],
      data,
      recipe: { ...defaultRecipe, epochs: 6, batch: 8, learningRate: 1e-2, maxTokens: 64 },
      sizes: { ...sizes, topRemoval: false },
      folder,
      say: line => said.push(line),
    })
    expect(said[began]).toContain('about 0 minutes')
    expect(again.methods.map(({ half }) => half)).toEqual(result.methods.map(({ half }) => half))
  })

  it('pays a period of its questions to the unit', async () => {
    const found = await payAnswers({ engine, data, result, ...result.paths })
    const report = await payReport(found, 20, { data, result })
    expect(report.paidUnits + report.commonsUnits).toBe(report.dataUnits)
    expect(report.contributors.reduce((sum, { units }) => sum + units, 0n)).toBe(report.paidUnits)
    expect(report.trulyPositive).toBeLessThanOrEqual(report.paidClusters)
  })
})

describe('the plan', () => {
  it('gives the judge no subset that methods were made from', () => {
    const plan = makePlan({ count: 16, of: new Uint32Array(64) }, sizes)
    const keys = new Set(plan.ensemble.map(subset => subset.join('')))
    for (const subset of [...plan.half, ...plan.most]) expect(keys.has(subset.join(''))).toBe(false)
    expect(() => assertDisjoint(['a'], ['b', 'a'], String, 'question')).toThrow(
      expect.objectContaining({ code: 'judge-leak' }),
    )
  })
})
