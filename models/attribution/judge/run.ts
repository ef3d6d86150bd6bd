import { join } from 'node:path'
import type { Engine, Example, Recipe } from '../../engine.ts'
import { keptFolder } from '../../training/kept-steps.ts'
import { stepOrder } from '../../training/schedule.ts'
import { learningRateMass, openBaselines, openGradientCache } from '../baselines/index.ts'
import { type Clustering, clusterCount, contentClusters, sizesOf, sumsByCluster } from '../clusters.ts'
import { z90 } from '../conformal.ts'
import { buildIndex, type Form, openIndex } from '../index.ts'
import { openRetrainer, type Retrainer, rowWeights } from '../retrain.ts'
import type { Subset } from '../subsets.ts'
import type { JudgeData } from './data.ts'
import { type FullMethod, fullMethod } from './full-method.ts'
import { metasmoothness } from './metasmoothness.ts'
import { bootstrapMean, type Interval } from './metrics.ts'
import { assertDisjoint, type JudgePlan, makePlan, type PlanSizes } from './plan.ts'
import { type Made, removeTop } from './removal.ts'
import {
  ceilingOf,
  coverageOf,
  effectCoverage,
  type Measured,
  measuredEffects,
  retrainTruth,
  type Scores,
  scoresOf,
  seeds,
  type Truth,
} from './truth.ts'

export interface JudgeParts {
  /** Engines of one thread each, on one base. */
  readonly engines: readonly Engine[]
  readonly data: JudgeData
  readonly recipe: Recipe
  readonly sizes: PlanSizes
  /** Adapters, gradients and indexes are kept here. */
  readonly folder: string
  /** Changes to the recipe for the ensemble's adapters, as production makes them to be cheaper; none where absent. */
  readonly cheaper?: Partial<Recipe>
  say(line: string): void
}

export interface MethodRow extends Omit<Scores, 'perQuestion'> {
  readonly name: string
  readonly source: string
  /** Whether it is a part of what pays here: it is no rival then. */
  readonly ours: boolean
  /** CPU seconds an answer; null where it was not measured. */
  readonly secondsPerAnswer: number | null
  /** Nats a token that the judge questions lose when the method's top tenth of the clusters is removed; null if not done. */
  readonly topRemoval: number | null
  /** The full method's score less this one's, question by question. */
  readonly behind: Interval | null
}

export interface JudgeResult {
  readonly clustering: Clustering
  readonly plan: JudgePlan
  readonly truth: Truth
  readonly methods: readonly MethodRow[]
  readonly ceiling: Interval
  /** Share of judged subsets inside their 90% interval. */
  readonly coverage: number
  /** Share of cluster effects whose 90% interval holds what the judged retrainings measured. */
  readonly effectCoverage: number
  readonly measured: Measured
  readonly full: FullMethod
  /** What removing as many clusters at random loses, mean of three draws; null if not done. */
  readonly randomRemoval: number | null
  readonly metasmoothness: { adapter: number; outcomes: number } | null
  /** The adapter of all rows, and its attribution index. */
  readonly paths: { readonly release: string; readonly index: string }
}

/** Retrains, scores every method, and compares. Errors: `judge-leak`, and what training throws. */
export const judge = async (parts: JudgeParts): Promise<JudgeResult> => {
  const { engines, data, recipe, sizes, folder, say } = parts
  const engine = engines[0]!
  assertDisjoint(data.calibration, data.judge, ({ prompt, answer }) => `${prompt}\n${answer}`, 'question')
  const examples = data.rows.map(({ prompt, answer }): Example => ({ prompt, answer }))
  const clustering = await contentClusters(
    await engine.embed(examples.map(({ prompt, answer }) => `${prompt}\n${answer}`)),
    clusterCount(examples.length),
  )
  const plan = makePlan(clustering, sizes)
  const retrainer = openRetrainer({ engines, examples, recipe, folder: join(folder, 'adapters') })
  const cheap = openRetrainer({
    engines,
    examples,
    recipe: { ...recipe, ...parts.cheaper },
    folder: join(folder, 'adapters'),
  })
  forecast(parts, { retrainer, cheap, plan, clustering })

  const progress = (what: string, done: number, total: number) => say(`${what}: ${done} of ${total}`)
  const steps = stepOrder(examples.length, recipe).length
  const keepAt = [Math.round(steps / 3), Math.round((2 * steps) / 3)]
  const all = { weights: new Float64Array(examples.length).fill(1), seed: seeds.same }
  const release = (await retrainer.adapters([all], { keepAt }))[0]!.folder
  const truth = await retrainTruth({
    retrainer,
    clustering,
    plan,
    sizes,
    data,
    onProgress: progress,
  })

  say('gradient influence')
  const questions = [...data.calibration, ...data.judge]
  const index = join(folder, 'indexes', release.split('/').at(-1)!)
  const influenceOf = async (at: string, form?: Form) => {
    await buildIndex(engine, release, examples, at, form === undefined ? {} : { form })
    const opened = await openIndex(engine, release, examples, at)
    const before = process.cpuUsage()
    const rows = await opened.influences(questions).finally(() => opened.close())
    return {
      calibration: rows.slice(0, data.calibration.length),
      judge: rows.slice(data.calibration.length),
      seconds: secondsSince(before) / questions.length,
    }
  }
  const influence = await influenceOf(index)
  const whole = await influenceOf(`${index}-whole`, 'exact')
  const ensembleOf = (prior: boolean) =>
    fullMethod({
      retrainer: cheap,
      clustering,
      subsets: plan.ensemble,
      seed: seeds.same,
      calibration: data.calibration,
      judge: data.judge,
      influence,
      prior,
      onProgress: (done, total) => progress('subset adapters', done, total),
    })
  const full = await ensembleOf(true)
  const plain = await ensembleOf(false)

  const byCluster = (scores: readonly Float64Array[]) => scores.map(row => sumsByCluster(row, clustering))
  const methods: Made[] = [
    {
      name: 'full: subset adapters + influence',
      source: 'this project',
      ours: true,
      seconds: null,
      influence: full.effects,
    },
    {
      name: 'subset adapters alone',
      source: 'Ilyas et al. 2022',
      ours: true,
      seconds: null,
      influence: plain.effects,
    },
    {
      name: 'influence',
      source: 'this project: by tensor, projected to 64, at 0.3 of the adapter',
      ours: true,
      seconds: influence.seconds,
      influence: byCluster(influence.judge),
    },
    {
      name: 'influence, tensors whole',
      source: 'the same without projection',
      ours: true,
      seconds: whole.seconds,
      influence: byCluster(whole.judge),
    },
  ]
  say('baselines')
  const gradients = openGradientCache(engine, join(folder, 'gradients'))
  const kept = [...keepAt, steps]
  const mass = learningRateMass(kept, steps, recipe.learningRate)
  const checkpoints = kept.map((step, i) => ({
    adapter: step === steps ? release : keptFolder(release, step),
    mass: mass[i]!,
  }))
  await (await gradients.open(release, data.judge)).close()
  const baselines = await openBaselines({ engine, adapter: release, rows: examples, gradients, checkpoints })
  for (const method of baselines) {
    const start = process.cpuUsage()
    const scores = await method.scores(data.judge)
    methods.push({
      name: method.name,
      source: method.source,
      ours: false,
      seconds: secondsSince(start) / data.judge.length,
      influence: byCluster(scores),
    })
    await method.close?.()
  }
  const removal = sizes.topRemoval
    ? await removeTop(methods, { retrainer, clustering, data, plan, truth, say })
    : null
  const own = scoresOf(full.effects, plan, truth)
  const measured = await measuredEffects(plan, truth, sizesOf(clustering))
  return {
    clustering,
    plan,
    truth,
    methods: methods.map(made =>
      rowOf(made, own, { plan, truth, removed: removal?.losses.get(made.name) ?? null }),
    ),
    ceiling: ceilingOf(truth),
    coverage: coverageOf((q, subset) => intervalOf(full, q, subset), plan, truth),
    effectCoverage: effectCoverage(q => full.ensemble.effects(full.seen[q]!), measured, data.judge.length),
    measured,
    full,
    randomRemoval: removal?.random ?? null,
    metasmoothness: sizes.topRemoval
      ? await metasmoothness({ retrainer, clustering, questions: data.judge })
      : null,
    paths: { release, index },
  }
}

const rowOf = (
  { name, source, ours, seconds, influence }: Made,
  full: Scores,
  { plan, truth, removed }: { plan: JudgePlan; truth: Truth; removed: number | null },
): MethodRow => {
  const { perQuestion, ...scores } = scoresOf(influence, plan, truth)
  const less = full.perQuestion.map((value, q) => value - perQuestion[q]!)
  const same = less.every(value => value === 0)
  return {
    name,
    source,
    ours,
    secondsPerAnswer: seconds,
    topRemoval: removed,
    behind: same ? null : bootstrapMean(less),
    ...scores,
  }
}

const secondsSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const intervalOf = ({ ensemble, seen }: FullMethod, q: number, subset: Subset) => {
  const { mean, deviation } = ensemble.predict(seen[q]!, subset)
  return { mean, low: mean - z90 * deviation, high: mean + z90 * deviation }
}

/** Seconds that one thread takes for a training of all rows, an epoch and a row: measured on the sample, two cores. */
const secondsPerRow = 0.028

const forecast = (
  { engines, sizes, recipe, data, cheaper, say }: JudgeParts,
  parts: { retrainer: Retrainer; cheap: Retrainer; plan: JudgePlan; clustering: Clustering },
): void => {
  const { retrainer, cheap, plan, clustering } = parts
  const of = (subsets: readonly Subset[], seed: number = seeds.same) =>
    subsets.map(subset => ({ weights: rowWeights(subset, clustering.of), seed }))
  const judged = [
    ...of(plan.half),
    ...of(plan.half.slice(0, sizes.otherSeed), seeds.other),
    ...of(plan.most),
    ...of(plan.level),
    ...of(plan.leftOut.map(({ subset }) => subset)),
  ]
  const epochs =
    retrainer.missing(judged) * recipe.epochs +
    cheap.missing(of(plan.ensemble)) * (cheaper?.epochs ?? recipe.epochs) +
    (sizes.topRemoval ? 16 * recipe.epochs : 0)
  const minutes = (epochs * data.rows.length * secondsPerRow) / engines.length / 60
  say(
    `${data.rows.length} rows in ${clustering.count} clusters, ${data.calibration.length} + ${data.judge.length} questions; about ${Math.ceil(minutes)} minutes of retraining are left`,
  )
}
