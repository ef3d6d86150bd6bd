import { fault } from '../../../infra/errors.ts'
import type { Example } from '../../engine.ts'
import { isNull, type JudgeData, nullContributors } from '../judge/data.ts'
import { contentStems } from '../words.ts'

/** A row as it is sent. Its place in the list is when it is seen; nothing else tells the order. */
export interface AttackRow {
  readonly id: string
  readonly contributor: string
  readonly prompt: string
  readonly answer: string
  /** When the sender says it was written, seconds; the pipeline never reads it. */
  readonly claimedAt?: number
}

export interface AttackQuestion {
  readonly asker: string
  readonly prompt: string
  readonly answer: string
  /** What the asker pays, smallest units. */
  readonly revenueUnits: bigint
}

/** A datanet and its customers without any attack. */
export interface HonestBase {
  readonly rows: readonly AttackRow[]
  /** Questions that are paid for, by askers who own no rows. */
  readonly questions: readonly AttackQuestion[]
  /** Held-out questions that measure the release and calibrate its error bars; nobody pays for them. */
  readonly calibration: readonly Example[]
  /** Rows about other things, for fillers. */
  readonly offTopic: readonly Example[]
}

/** What an attack may bring in at most: a multiple of its honest income, or a part of all pots. */
export type Bar = { readonly kind: 'ratio' | 'pot-share'; readonly most: number }

export interface Scenario {
  readonly name: string
  /** What it models. */
  readonly about: string
  /** All rows in the order they are seen. */
  readonly rows: readonly AttackRow[]
  readonly questions: readonly AttackQuestion[]
  /** Accounts known to be one person's. */
  readonly linked: readonly (readonly [string, string])[]
  /** Accounts whose income the attack is for. */
  readonly attackers: readonly string[]
  /** Rows of the honest base whose income the attackers' is held against; empty where there is no honest counterpart. */
  readonly honestIncomeOf: readonly string[]
  readonly bar: Bar
  /** Rows that are accepted as new whatever the search for near-duplicates says: it is taken to have missed them. */
  readonly missed?: ReadonlySet<string>
}

/** Makes a scenario of the base; the same base and seed give the same scenario. */
export type Attack = (base: HonestBase, seed: number) => Scenario[]

/** Attackers may not gain from it. */
export const noGain: Bar = { kind: 'ratio', most: 1 }
/** Rows that teach nothing may not take more than this part of the pots. */
export const nothing: Bar = { kind: 'pot-share', most: 0.001 }

/** What an honest customer pays for one answer, smallest units. */
export const price = 1_000_000n

export interface BaseOptions {
  /** Rows of all contributors together. */
  readonly rows: number
  readonly contributors: number
  /** Paid questions, and as many for calibration. */
  readonly questions: number
}

/**
 * A small datanet of the judge's data: the first contributors, the first rows of each, and the questions nearest to them by the
 * share of their words that the rows use. Error `attack-data`: there are too few rows.
 */
export const honestBase = (data: JudgeData, options: BaseOptions): HonestBase => {
  const names = [...new Set(data.rows.map(row => row.contributor))].filter(name => !isNull(name))
  const each = Math.floor(options.rows / options.contributors)
  const rows = names.slice(0, options.contributors).flatMap(name =>
    data.rows
      .filter(row => row.contributor === name)
      .slice(0, each)
      .map(({ contributor, prompt, answer }, i) => ({ id: `${name} ${i + 1}`, contributor, prompt, answer })),
  )
  if (each < 2 || options.contributors < 2 || rows.length < each * options.contributors)
    throw fault('attack-data', `${data.name} gives ${rows.length} rows for the attacks.`, {
      fix: 'Ask for at least two contributors of two rows, and no more than the files hold.',
      facts: { rows: rows.length, wanted: options.rows },
    })
  return {
    rows,
    questions: nearest(data.judge, rows, options.questions).map(({ prompt, answer }, i) => ({
      asker: `customer ${i + 1}`,
      prompt,
      answer,
      revenueUnits: price,
    })),
    calibration: nearest(data.calibration, rows, options.questions),
    offTopic: data.rows.filter(row => row.contributor === nullContributors.offTopic),
  }
}

const nearest = (questions: readonly Example[], rows: readonly AttackRow[], count: number): Example[] => {
  const known = new Set(rows.flatMap(row => contentStems(`${row.prompt} ${row.answer}`)))
  const shares = questions.map(({ prompt, answer }) => {
    const stems = new Set(contentStems(`${prompt} ${answer}`))
    return [...stems].filter(stem => known.has(stem)).length / Math.max(1, stems.size)
  })
  const chosen = [...questions.keys()].sort((a, b) => shares[b]! - shares[a]! || a - b).slice(0, count)
  return chosen
    .sort((a, b) => a - b)
    .map(i => ({ prompt: questions[i]!.prompt, answer: questions[i]!.answer }))
}

/** The base as it is: what everything else is held against. */
export const honest = (base: HonestBase): Scenario => ({
  name: 'nobody attacks',
  about: 'The rows and questions as they are.',
  rows: base.rows,
  questions: base.questions,
  linked: [],
  attackers: [],
  honestIncomeOf: base.rows.map(row => row.id),
  bar: noGain,
})

/** Names of the contributors in the order they were first seen. */
export const contributorsOf = (base: HonestBase): string[] => [
  ...new Set(base.rows.map(row => row.contributor)),
]

/** The account that attacks from inside: the last contributor; the first one is the victim. */
export const insiderOf = (base: HonestBase): string => contributorsOf(base).at(-1)!

export const rowsOf = (base: HonestBase, contributor: string): AttackRow[] =>
  base.rows.filter(row => row.contributor === contributor)
