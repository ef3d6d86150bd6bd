import { readFile } from 'node:fs/promises'
import type { Network } from '../../tools/context.ts'
import { exportAndVerify } from './auditing.ts'
import type { BadRow, TourData } from './data.ts'
import { answerQuestions, closeEpoch, readShares } from './earning.ts'
import { contributeRows, proposeModel, voteOnIt } from './gathering.ts'
import { freezeAndTune } from './making.ts'
import { type People, peopleOf } from './people.ts'
import type { TourResult } from './result.ts'

/** What a person sees of the tour. */
export interface Screen {
  /** A step begins: its number of ten, and what happens. */
  step(number: number, title: string): void
  /** One line about what was done. */
  line(text: string): void
  /** Progress of the tuning. */
  progress(update: {
    step: number
    steps: number
    loss: number
    tokensPerSecond: number
    secondsLeft: number
  }): void
}

export interface TourOptions {
  readonly data: TourData
  readonly bad: readonly BadRow[]
  /** Questions asked and paid for. */
  readonly questions: number
}

export interface Tour {
  readonly network: Network
  readonly people: People
  readonly screen: Screen
  readonly data: TourData
  readonly bad: readonly BadRow[]
  readonly questions: number
  /** The model's name. */
  readonly model: string
}

/** Bytes that this process with its threads, and the embedded chain's process beside it, have held at most. */
const peakRss = async (network: Network): Promise<number> => {
  const { pid } = await network.chain.status()
  const own = process.resourceUsage().maxRSS * 1024
  if (pid === null || process.platform !== 'linux') return own
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return own + Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024
}

/**
 * Plays the people of a community through the whole life of a model, on real rows: from a proposal to a claimed reward.
 * Everything happens through the verbs that people use; the agents do their part by themselves. Killed anywhere and
 * started again, it goes on and ends with the same totals.
 */
export const runTour = async (
  network: Network,
  screen: Screen,
  options: TourOptions,
): Promise<TourResult> => {
  const started = performance.now()
  const model = options.data.name
  const tour: Tour = { network, screen, model, people: peopleOf(network, `tour/${model}`), ...options }
  const proposal = await proposeModel(tour)
  const votes = await voteOnIt(tour)
  const contributions = await contributeRows(tour)
  const { snapshot, run, evaluation } = await freezeAndTune(tour)
  const { given, epoch: earnedIn } = await answerQuestions(tour)
  const { epoch, claims } = await closeEpoch(tour, earnedIn)
  const answers = await readShares(tour, given)
  const verify = await exportAndVerify(tour)
  return {
    seconds: (performance.now() - started) / 1000,
    peakRssBytes: await peakRss(network),
    proposal,
    votes,
    contributions,
    snapshot,
    run,
    evaluation,
    answers,
    epoch,
    claims,
    verify,
  }
}

/** Whether all ten steps held: what `npm run tour` exits by. */
export const held = (result: TourResult): { ok: boolean; failed: string[] } => {
  const { epoch } = result
  const conserved =
    BigInt(epoch.incomeUnits) ===
    BigInt(epoch.paidUnits) + BigInt(epoch.commonsUnits) + BigInt(epoch.otherUnits)
  const claimed = result.claims.reduce((sum, claim) => sum + BigInt(claim.units), 0n)
  const rules: readonly (readonly [string, boolean])[] = [
    ['the vote passed', result.votes.passed],
    [
      'every row was decided',
      result.contributions.received ===
        result.contributions.accepted + result.contributions.review + sum(result.contributions.refused),
    ],
    ['the snapshot holds what was accepted', result.snapshot.rows === result.contributions.accepted],
    ['the adapter beats the base model', result.evaluation.adapterLoss < result.evaluation.baseLoss],
    ['every answer has a receipt', result.answers.every(answer => answer.receiptId !== '')],
    [
      'every answer is attributed whole',
      result.answers.every(answer => Math.abs(answer.unattributed + total(answer.shares) - 1) < 1e-6),
    ],
    ['income = paid + commons + other', conserved],
    ['contributors claimed what was paid', claimed === BigInt(epoch.paidUnits)],
    ['somebody was paid', claimed > 0n],
    ['the exported bundle verifies offline', result.verify.ok],
  ]
  const failed = rules.filter(([, ok]) => !ok).map(([rule]) => rule)
  return { ok: failed.length === 0, failed }
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((all, count) => all + count, 0)
const total = (shares: readonly { share: number }[]): number =>
  shares.reduce((all, { share }) => all + share, 0)
