import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { canonicalJson } from '../infra/canonical.ts'
import { fault, isFault } from '../infra/errors.ts'
import {
  type Clustering,
  clusterCount,
  contentClusters,
  sumsByCluster,
} from '../models/attribution/clusters.ts'
import { type EnsembleRecord, fitEnsemble } from '../models/attribution/ensemble.ts'
import { openRetrainer, rowWeights } from '../models/attribution/retrain.ts'
import { designedSubsets, halvedSubsets } from '../models/attribution/subsets.ts'
import type { Engine, Example } from '../models/engine.ts'
import { adapterFolder, fileAdapter } from './adapter.ts'
import { attributionOf } from './attribution-index.ts'
import { calibrationOf } from './calibration.ts'
import type { Context } from './context.ts'
import { parseRows } from './evaluate.ts'
import { findReleaseById, type Release } from './find.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { type SnapshotRow, snapshotRows, trainingExamples } from './rows.ts'
import { recipe as recipeSchema } from './tune.ts'

/** Fewer clusters give fewer than 16 different subsets, whose errors nobody could check: such a release is paid provisionally. */
const leastClusters = 5
/** Held-out questions that the prior is fitted to. */
const questionsAtMost = 64
/** Seed of the subsets: they are public, and the same for all who repeat the calibration. */
const seed = 1

/**
 * Tunes adapters of a release on subsets of its rows and fits the posterior of influence to what they answer: from then on
 * shares have intervals and pay is no longer provisional. Minutes; killed at any point, a repeated call goes on.
 */
export const calibrate = verb({
  name: 'calibrate',
  summary: "Measure how sure a release's attribution is.",
  who: ['attributor'],
  effect: 'write',
  input: z.object({
    releaseId: z.string(),
    /** Subset adapters at most. */
    adapters: z.number().int().min(16).max(512),
    /** What of the release's recipe its subset adapters do otherwise, to be cheaper. */
    epochs: z.number().int().min(1),
    products: z.enum(['float32', 'int8']),
  }),
  output: z.object({ releaseId: z.string(), adapters: z.number(), widening: z.number().nullable() }),
  async run(context, input) {
    const { releaseId } = input
    const known = await calibrationOf(context, releaseId)
    if (known !== null) return { releaseId, adapters: known.members, widening: known.widening }
    const release = await findReleaseById(context.db, releaseId)
    const rows = await snapshotRows(context.db, release.snapshotId)
    const began = performance.now()
    const scratch = join(context.folder, 'attribution', `${release.adapterHash}-subsets`)
    const made = await tuneSubsets(context, { release, rows, scratch, ...input })
    const blob = await context.blobs.put(Buffer.from(canonicalJson(made)))
    const seconds = (performance.now() - began) / 1000
    const { widening } = made
    const result = await context.commit(async tx => {
      await tx.query(
        `insert into calibrations (release_id, record_blob, adapters, seconds, created_at) values ($1, $2, $3, $4, $5)
         on conflict (release_id) do nothing`,
        [releaseId, blob, made.adapters.length, seconds, context.clock.now()],
      )
      await record(context, tx, 'release.calibrated', releaseId, {
        record: blob,
        adapters: made.adapters,
        widening,
      })
      // Answers given meanwhile were measured without the subset adapters; those that are paid already stay as they are.
      for (const { id } of await tx.query<{ id: string }>(
        `select a.id from answers a join epochs e on e.number = a.epoch
         where a.release_id = $1 and a.state = 'answered' and a.outcomes_blob is null and e.state in ('open', 'closing')`,
        [releaseId],
      ))
        await addJob(context.queue, tx, 'attribute', { answerId: id })
      return { releaseId, adapters: made.adapters.length, widening }
    })
    await rm(scratch, { recursive: true, force: true })
    return result
  },
})

/** Gives a calibration up, with its reason: the release is paid provisionally, without error bars. */
export const forgoCalibration = verb({
  name: 'forgo-calibration',
  summary: 'Give up measuring how sure a release is.',
  who: ['attributor'],
  effect: 'write',
  input: z.object({ releaseId: z.string(), reason: z.string() }),
  output: z.object({ releaseId: z.string() }),
  async run(context, { releaseId, reason }) {
    return context.commit(async tx => {
      await tx.query(
        `insert into calibrations (release_id, reason, adapters, seconds, created_at) values ($1, $2, 0, 0, $3)
         on conflict (release_id) do nothing`,
        [releaseId, reason, context.clock.now()],
      )
      await record(context, tx, 'release.uncalibrated', releaseId, { reason })
      return { releaseId }
    })
  },
})

interface Task {
  readonly release: Release
  readonly rows: readonly SnapshotRow[]
  readonly scratch: string
  readonly adapters: number
  readonly epochs: number
  readonly products: 'float32' | 'int8'
}

const tuneSubsets = async (context: Context, task: Task): Promise<EnsembleRecord> => {
  const { release, rows, scratch } = task
  const examples = trainingExamples(rows)
  const clustering = await contentClusters(
    await context.engine.embed(rows.map(({ question, answer }) => `${question ?? ''}\n${answer ?? ''}`)),
    // No more clusters than a design of so many adapters can tell apart.
    Math.min(clusterCount(new Set(rows.map(({ cluster }) => cluster)).size), task.adapters - 1),
    rows.map(({ cluster }) => cluster),
  )
  const { count } = clustering
  if (count < leastClusters)
    throw fault('calibration-impossible', `The release has ${count} clusters of rows to tell apart.`, {
      fix: 'Gather rows about more things; until then it is paid provisionally.',
    })
  const subsets = designedSubsets(count, task.adapters, seed) ?? halvedSubsets(count, task.adapters, seed)
  const sizes = weightsOf(examples, clustering)
  const heldOut = await heldOutExamples(context, release)
  const [run] = await context.db.query<{ recipe: unknown }>('select recipe from runs where id = $1', [
    release.runId,
  ])
  const recipe = { ...recipeSchema.parse(run?.recipe), epochs: task.epochs }
  const engines = await sideEngines(context.engine)
  try {
    const tuned = (products: 'float32' | 'int8') =>
      openRetrainer({ engines, examples, recipe: { ...recipe, products }, folder: scratch }).adapters(
        subsets.map(subset => ({ weights: rowWeights(subset, clustering.of), seed: recipe.seed })),
        {
          onProgress: (step, steps) => context.emit({ kind: 'progress', step, steps }),
          ...(context.signal === undefined ? {} : { signal: context.signal }),
        },
      )
    const folders = await tuned(task.products).catch(error => {
      if (!isFault(error, 'int8-unsupported')) throw error
      return tuned('float32')
    })
    const retrainer = openRetrainer({ engines, examples, recipe, folder: scratch })
    const nats = await retrainer.outcomes(
      folders.map(({ folder }) => folder),
      heldOut,
    )
    const influences = await (await attributionOf(context, release.id)).influences(heldOut)
    const observed = heldOut.map((_, q) => ({
      outcomes: Float64Array.from(nats, outcome => -outcome[q]!),
      features: [sumsByCluster(influences[q]!, clustering)],
    }))
    for (const { folder, hash } of folders) await fileAdapter(folder, adapterFolder(context.folder, hash))
    return await fitEnsemble({
      clustering,
      sizes,
      subsets,
      adapters: folders.map(({ hash }) => hash),
      observed,
    })
  } finally {
    await Promise.all(engines.map(engine => engine.close()))
  }
}

const heldOutExamples = async (context: Context, release: Release): Promise<Example[]> => {
  const [held] = await context.db.query<{ blob: string }>(
    'select coalesce(r.evaluation_blob, p.evaluation_blob) as blob from runs r join proposals p on p.id = r.proposal_id where r.id = $1',
    [release.runId],
  )
  const rows = parseRows(await context.blobs.get(held!.blob))
  const step = Math.max(1, Math.ceil(rows.length / questionsAtMost))
  return rows.filter((_, i) => i % step === 0).map(({ question, answer }) => ({ prompt: question, answer }))
}

/** Training weight of each cluster; a floor keeps a cluster of withdrawn rows from being of no size at all. */
const weightsOf = (examples: readonly Example[], clustering: Clustering): Float64Array =>
  sumsByCluster(
    examples.map(({ weight = 1 }) => weight),
    clustering,
  ).map(weight => Math.max(0.1, weight))

/** Engines at most: each holds the base once more. */
const enginesAtMost = 4

/** An engine of one thread for each that the node's own has; people's questions go before their work. */
const sideEngines = async (engine: Engine): Promise<Engine[]> => {
  const count = Math.min(engine.status().threads, enginesAtMost)
  const opening = await Promise.allSettled(
    Array.from({ length: count }, () => engine.another({ threads: 1, background: true })),
  )
  const opened = opening.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = opening.find(one => one.status === 'rejected')
  if (failed === undefined) return opened
  await Promise.all(opened.map(one => one.close()))
  throw failed.reason
}
