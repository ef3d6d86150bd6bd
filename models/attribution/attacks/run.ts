import { basename, join } from 'node:path'
import type { Engine, Example, Recipe } from '../../engine.ts'
import { type Clustering, clusterCount, contentClusters, sizesOf, sumsByCluster } from '../clusters.ts'
import { fitEnsemble, openEnsemble } from '../ensemble.ts'
import { heldOutGain } from '../gain.ts'
import { type AnswerAttribution, buildIndex, openIndex } from '../index.ts'
import { type PayInput, type PayTable, payTable } from '../pay.ts'
import type { Observed } from '../posterior.ts'
import { openRetrainer, rowWeights } from '../retrain.ts'
import { designedSubsets, halvedSubsets, type Subset } from '../subsets.ts'
import { type Intake, type PlacedRow, takeIn } from './intake.ts'
import type { AttackQuestion, Scenario } from './scenario.ts'

/** What scenarios are run with. */
export interface Laboratory {
  /** The first one measures too. */
  readonly engines: readonly Engine[]
  /** The release's recipe for so many rows. */
  readonly recipeOf: (rows: number) => Recipe
  /** What of it the subset adapters do otherwise. */
  readonly subsetRecipe: Partial<Recipe>
  /** The cache: adapters and indexes. */
  readonly folder: string
  /** Subset adapters at most. */
  readonly members: number
  /** Part of the revenue that goes to the data, basis points. */
  readonly dataShare: number
  readonly seed: number
  /** Answers that were attributed, by release: scenarios that train on the same rows share them. */
  readonly attributed: Map<string, Map<string, AnswerAttribution>>
}

/** A scenario's rows after intake, ready to be trained on. */
export interface Snapshot extends Intake {
  readonly examples: readonly Example[]
  readonly clustering: Clustering
  readonly subsets: readonly Subset[]
}

/** A scenario after a settlement period. */
export interface Settled {
  readonly snapshot: Snapshot
  readonly questions: readonly AttackQuestion[]
  readonly table: PayTable
  /** What would be paid while the release has no subset adapters: by gradients alone, without error bars. */
  readonly provisional: PayTable
}

/** Takes a scenario's rows in, groups them by content and draws the subsets, as for a release of them (tools/calibrate.ts). */
export const snapshotOf = async (
  { rows, missed }: Pick<Scenario, 'rows' | 'missed'>,
  { engines, members, seed }: Laboratory,
): Promise<Snapshot> => {
  const [engine] = engines as [Engine]
  const embeddings = await engine.embed(rows.map(row => `${row.prompt}\n${row.answer}`))
  const intake = takeIn(rows, engine.status().embedding === 'base' ? null : embeddings, missed)
  const { accepted } = intake
  const places = new Map(rows.map((row, at) => [row.id, at]))
  const clustering = await contentClusters(
    accepted.map(({ row }) => embeddings[places.get(row.id)!]!),
    clusterCount(accepted.length),
    accepted.map(({ cluster }) => cluster),
  )
  const { count } = clustering
  const subsets = designedSubsets(count, members, seed) ?? halvedSubsets(count, members, seed)
  return { ...intake, examples: accepted.map(exampleOf), clustering, subsets }
}

const exampleOf = ({ row, weight }: PlacedRow): Example => ({
  prompt: row.prompt,
  answer: row.answer,
  weight,
})

/**
 * Runs a scenario through intake, training of the release and its subset adapters, influence and pay. Adapters made before are
 * taken from the cache, so a run that was stopped goes on. Errors: those of `Engine.train`, `buildIndex` and `payTable`.
 */
export const runScenario = async (
  { questions, linked }: Pick<Scenario, 'questions' | 'linked'>,
  snapshot: Snapshot,
  calibration: readonly Example[],
  laboratory: Laboratory,
  onProgress?: (done: number, total: number) => void,
): Promise<Settled> => {
  const { engines, folder, recipeOf, subsetRecipe } = laboratory
  const { examples, subsets, clustering } = snapshot
  const recipe = recipeOf(examples.length)
  const { seed } = recipe
  const total = subsets.length + 1
  const tuning = openRetrainer({ engines, examples, recipe, folder })
  const [release] = await tuning.adapters([{ weights: new Float64Array(examples.length).fill(1), seed }])
  const retrainer = openRetrainer({ engines, examples, recipe: { ...recipe, ...subsetRecipe }, folder })
  const tuned = await retrainer.adapters(
    subsets.map(subset => ({ weights: rowWeights(subset, clustering.of), seed })),
    { onProgress: done => onProgress?.(done + 1, total) },
  )
  const adapters = tuned.map(adapter => adapter.folder)
  // A question that is asked often is measured once.
  const asked = [
    ...new Map(questions.map(question => [keyOf(question), exampleOfQuestion(question)])).values(),
  ]
  const attributions = await attribute(laboratory, release!.folder, examples, [...calibration, ...asked])
  const measure = async (list: readonly Example[]): Promise<Measured[]> => {
    const outcomes = await retrainer.outcomes(adapters, list)
    return list.map((question, q) => ({
      ...attributions.get(keyOf(question))!,
      outcomes: Float64Array.from(outcomes, values => values[q]!),
    }))
  }
  const reference = await measure(calibration)
  const measured = new Map((await measure(asked)).map((one, q) => [keyOf(asked[q]!), one]))
  const tables = await payOf({
    snapshot,
    adapters: tuned.map(({ hash }) => hash),
    reference,
    asked: questions.map(question => ({ question, measured: measured.get(keyOf(question))! })),
    linked,
    dataShare: laboratory.dataShare,
  })
  return { snapshot, questions, ...tables }
}

const keyOf = ({ prompt, answer }: Example): string => `${prompt}\0${answer}`
const exampleOfQuestion = ({ prompt, answer }: AttackQuestion): Example => ({ prompt, answer })

const attribute = async (
  { engines, folder, attributed }: Laboratory,
  adapter: string,
  examples: readonly Example[],
  questions: readonly Example[],
): Promise<ReadonlyMap<string, AnswerAttribution>> => {
  const known = attributed.get(adapter) ?? new Map<string, AnswerAttribution>()
  attributed.set(adapter, known)
  const missing = questions.filter(question => !known.has(keyOf(question)))
  if (missing.length === 0) return known
  const own = join(folder, 'index', basename(adapter))
  await buildIndex(engines[0]!, adapter, examples, own)
  const index = await openIndex(engines[0]!, adapter, examples, own)
  try {
    const found = await index.attributeMany(missing)
    for (const [q, question] of missing.entries()) known.set(keyOf(question), found[q]!)
    return known
  } finally {
    await index.close()
  }
}

interface Measured extends AnswerAttribution {
  /** -log p of the answer under each subset adapter, nats. */
  readonly outcomes: Float64Array
}

interface Payable {
  readonly snapshot: Snapshot
  readonly adapters: readonly string[]
  /** Held-out answers: they calibrate the ensemble and bound the gain. */
  readonly reference: readonly Measured[]
  readonly asked: readonly { readonly question: AttackQuestion; readonly measured: Measured }[]
  readonly linked: Scenario['linked']
  readonly dataShare: number
}

/** The pay tables of a period, with the ensemble calibrated on the held-out answers (tools/payment.ts and tools/evaluate.ts do the same). */
const payOf = async ({
  snapshot,
  adapters,
  reference,
  asked,
  linked,
  dataShare,
}: Payable): Promise<Pick<Settled, 'table' | 'provisional'>> => {
  const { clustering, subsets, accepted } = snapshot
  const observed = reference.map(
    ({ outcomes, influence }): Observed => ({
      outcomes: outcomes.map(value => -value),
      features: [sumsByCluster(influence, clustering)],
    }),
  )
  const record = await fitEnsemble({ clustering, sizes: sizesOf(clustering), subsets, adapters, observed })
  const input: PayInput = {
    answers: asked.map(({ question, measured }, q) => ({
      id: String(q),
      revenueUnits: question.revenueUnits,
      tokens: measured.tokens,
      nats: measured.nats,
      influence: measured.influence,
      outcomes: measured.outcomes,
      askerAccount: question.asker,
      disputed: false,
    })),
    rows: accepted.map(({ row, cluster, canonical }) => ({ account: row.contributor, cluster, canonical })),
    dataShare,
    maxGain: heldOutGain({
      unigram: reference.map(({ nats }) => nats.unigram),
      base: reference.map(({ nats }) => nats.base),
      adapter: reference.map(({ nats }) => nats.adapter),
    }),
    linked: (a, b) => a === b || linked.some(pair => pair.includes(a) && pair.includes(b)),
  }
  return {
    table: await payTable({ ...input, ensemble: await openEnsemble(record) }),
    provisional: await payTable(input),
  }
}
