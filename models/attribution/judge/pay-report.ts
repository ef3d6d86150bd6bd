import type { Engine, Example } from '../../engine.ts'
import { uniform } from '../../sampling.ts'
import { heldOutGain } from '../gain.ts'
import { openIndex } from '../index.ts'
import { type PayAnswer, type PayTable, payTable } from '../pay.ts'
import type { JudgeData } from './data.ts'
import { nullContributors } from './data.ts'
import type { JudgeResult } from './run.ts'
import type { Bar } from './table.ts'

/** Price of a question in the simulation, units; data share in basis points: as in the sample's terms. */
const revenueUnits = 50_000n
const dataShare = 6_000

export interface PayReport {
  readonly questions: number
  /** Everything the askers paid to the data, what was paid out, and what the commons got; units. */
  readonly dataUnits: bigint
  readonly paidUnits: bigint
  readonly commonsUnits: bigint
  readonly contributors: readonly { name: string; units: bigint }[]
  readonly paidClusters: number
  /** Of the paid clusters, those whose effect on the same questions is positive in the judged retrainings. */
  readonly trulyPositive: number
  /** Share of the pots that went to each null account. */
  readonly nulls: Readonly<Record<string, number>>
}

/** What attribution found for each judge question: all that pay needs. */
export const payAnswers = async (parts: {
  engine: Engine
  release: string
  index: string
  data: JudgeData
  result: JudgeResult
}): Promise<{ answers: PayAnswer[]; maxGain: number }> => {
  const { engine, release, index, data, result } = parts
  const examples = data.rows.map(({ prompt, answer }): Example => ({ prompt, answer }))
  const opened = await openIndex(engine, release, examples, index)
  try {
    const known = await opened.attributeMany(data.calibration)
    const found = await opened.attributeMany(data.judge)
    const part = (name: 'unigram' | 'base' | 'adapter') => known.map(({ nats }) => nats[name])
    return {
      maxGain: heldOutGain({ unigram: part('unigram'), base: part('base'), adapter: part('adapter') }),
      answers: found.map((one, q) => ({
        id: String(q),
        revenueUnits,
        tokens: one.tokens,
        nats: one.nats,
        influence: one.influence,
        outcomes: result.full.seen[q]!.nats,
        askerAccount: 'an asker',
        disputed: false,
      })),
    }
  } finally {
    await opened.close()
  }
}

/** Settles a period of `questions` answers drawn from the judge questions; all of them once where there are as many. */
export const payReport = async (
  { answers, maxGain }: { answers: readonly PayAnswer[]; maxGain: number },
  questions: number,
  { data, result }: { data: JudgeData; result: JudgeResult },
): Promise<PayReport> => {
  const random = uniform(41)
  const drawn = Array.from({ length: questions }, (_, i) => {
    const from = questions === answers.length ? i : Math.floor(random() * answers.length)
    return { ...answers[from]!, id: `${i}`, from }
  })
  const table = await payTable({
    answers: drawn,
    rows: data.rows.map(({ contributor }, i) => ({ account: contributor, cluster: i, canonical: true })),
    dataShare,
    maxGain,
    ensemble: result.full.ensemble,
  })
  const pots = table.perAnswer.reduce((sum, { potUnits }) => sum + potUnits, 0n)
  const share = (name: string) => (pots === 0n ? 0 : Number(table.accounts.get(name) ?? 0n) / Number(pots))
  return {
    questions,
    dataUnits: table.dataUnits,
    paidUnits: table.paidUnits,
    commonsUnits: table.commonsUnits,
    contributors: [...table.accounts]
      .map(([name, units]) => ({ name, units }))
      .sort((a, b) => (a.units < b.units ? 1 : a.units > b.units ? -1 : a.name < b.name ? -1 : 1)),
    ...precision(table, drawn, { data, result }),
    nulls: Object.fromEntries(Object.values(nullContributors).map(name => [name, share(name)])),
  }
}

/** Paid clusters, and how many of them the judged retrainings find positive on the same weighted questions. */
const precision = (
  table: PayTable,
  drawn: readonly (PayAnswer & { from: number })[],
  { data, result }: { data: JudgeData; result: JudgeResult },
): Pick<PayReport, 'paidClusters' | 'trulyPositive'> => {
  const weights = data.judge.map(() => 0)
  for (const [i, { from }] of drawn.entries())
    weights[from] = weights[from]! + table.perAnswer[i]!.unitsPerNat
  const { mean } = result.measured.together(weights)
  const paid = new Set(table.rows.map(({ row }) => result.clustering.of[row]!))
  return { paidClusters: paid.size, trulyPositive: [...paid].filter(cluster => mean[cluster]! > 0).length }
}

/** The pay table of one period as Markdown. */
export const payText = (report: PayReport): string => {
  const percent = (units: bigint) => `${((100 * Number(units)) / Number(report.dataUnits)).toFixed(2)}%`
  return [
    `${report.questions} questions: data share ${report.dataUnits} units, paid ${report.paidUnits} (${percent(report.paidUnits)}), commons ${report.commonsUnits}; ${report.trulyPositive} of ${report.paidClusters} paid clusters are positive in the judged retrainings`,
    '',
    '| contributor | units | of the data share |',
    '| --- | --- | --- |',
    ...report.contributors.map(({ name, units }) => `| ${name} | ${units} | ${percent(units)} |`),
  ].join('\n')
}

/** The bars of pay. */
export const payBars = (report: PayReport): Bar[] => {
  const worst = Math.max(...Object.values(report.nulls))
  const positive = report.paidClusters === 0 ? 0 : report.trulyPositive / report.paidClusters
  return [
    {
      what: `paid clusters that are truly positive, ${report.questions} questions`,
      bar: 'at least 95%',
      measured: `${report.trulyPositive} of ${report.paidClusters}`,
      met: positive >= 0.95,
    },
    {
      what: `the dearest null account, share of the pots, ${report.questions} questions`,
      bar: 'at most 0.1%',
      measured: `${(100 * worst).toFixed(3)}%`,
      met: worst <= 0.001,
    },
  ]
}
