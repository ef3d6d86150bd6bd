import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { canonicalJson } from '../infra/canonical.ts'
import { clusterCount, contentClusters, sizesOf, sumsByCluster } from '../models/attribution/clusters.ts'
import { type EnsembleRecord, ensembleRecord } from '../models/attribution/ensemble.ts'
import { calibrate as fitPosterior, prepare } from '../models/attribution/posterior.ts'
import { openRetrainer, rowWeights } from '../models/attribution/retrain.ts'
import { designedSubsets, randomSubsets } from '../models/attribution/subsets.ts'
import type { Engine, Example } from '../models/engine.ts'
import { adapterFolder, fileAdapter } from './adapter.ts'
import { attributionOf } from './attribution-index.ts'
import { calibrationOf } from './calibration.ts'
import type { Context } from './context.ts'
import { parseRows } from './evaluate.ts'
import { findProposal, findReleaseById, type Release } from './find.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { type SnapshotRow, snapshotRows, trainingExamples } from './rows.ts'
import { recipe as recipeSchema } from './tune.ts'

/** Fewer rows make too few clusters to tell apart: such a release is paid provisionally. */
const leastRows = 8
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
    adapters: z.number().int().min(8).max(512),
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
    if (rows.length < leastRows) return { releaseId, adapters: 0, widening: null }
    const began = performance.now()
    const scratch = join(context.folder, 'attribution', `${release.adapterHash}-subsets`)
    const made = await tuneSubsets(context, { release, rows, scratch, ...input })
    const blob = await context.blobs.put(Buffer.from(canonicalJson(made)))
    const seconds = (performance.now() - began) / 1000
    const { widening } = made
    const result = await context.commit(async tx => {
      await tx.query(
        `insert into calibrations (release_id, record_blob, adapters, widening, seconds, created_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (release_id) do nothing`,
        [releaseId, blob, made.adapters.length, widening, seconds, context.clock.now()],
      )
      await record(context, tx, 'release.calibrated', releaseId, {
        record: blob,
        adapters: made.adapters,
        widening,
      })
      // Answers given meanwhile were measured without the subset adapters.
      for (const { id } of await tx.query<{ id: string }>(
        `select id from answers where release_id = $1 and state = 'answered' and outcomes_blob is null`,
        [releaseId],
      ))
        await addJob(context.queue, tx, 'attribute', { answerId: id })
      return { releaseId, adapters: made.adapters.length, widening }
    })
    await rm(scratch, { recursive: true, force: true })
    return result
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
  const clustering = contentClusters(
    await context.engine.embed(rows.map(({ question, answer }) => `${question ?? ''}\n${answer ?? ''}`)),
    clusterCount(rows.length),
    rows.map(({ cluster }) => cluster),
  )
  const { count } = clustering
  const subsets =
    designedSubsets(count, task.adapters, seed) ?? randomSubsets(count, task.adapters, { keep: 0.5, seed })
  const heldOut = await heldOutExamples(context, release)
  const [run] = await context.db.query<{ recipe: unknown }>('select recipe from runs where id = $1', [
    release.runId,
  ])
  const recipe = { ...recipeSchema.parse(run?.recipe), epochs: task.epochs, products: task.products }
  const engines = await sideEngines(context.engine)
  try {
    const retrainer = openRetrainer({ engines, examples, recipe, folder: scratch })
    const folders = await retrainer.adapters(
      subsets.map(subset => ({ weights: rowWeights(subset, clustering.of), seed: recipe.seed })),
      {
        onProgress: (step, steps) => context.emit({ kind: 'progress', step, steps }),
        ...(context.signal === undefined ? {} : { signal: context.signal }),
      },
    )
    const nats = await retrainer.outcomes(
      folders.map(({ folder }) => folder),
      heldOut,
    )
    const influences = await (await attributionOf(context, release.id)).influences(heldOut)
    const observed = heldOut.map((_, q) => ({
      outcomes: Float64Array.from(nats, outcome => -outcome[q]!),
      features: [sumsByCluster(influences[q]!, clustering)],
    }))
    const calibration = await fitPosterior(prepare({ subsets, sizes: sizesOf(clustering) }), observed)
    for (const { folder, hash } of folders) await fileAdapter(folder, adapterFolder(context.folder, hash))
    return await ensembleRecord({
      clustering,
      subsets,
      adapters: folders.map(({ hash }) => hash),
      calibration,
      observed,
    })
  } finally {
    await Promise.all(engines.map(engine => engine.close()))
  }
}

const heldOutExamples = async (context: Context, release: Release): Promise<Example[]> => {
  const { evaluationBlob } = await findProposal(context.db, release.proposalId)
  const rows = parseRows(await context.blobs.get(evaluationBlob))
  const step = Math.max(1, Math.ceil(rows.length / questionsAtMost))
  return rows.filter((_, i) => i % step === 0).map(({ question, answer }) => ({ prompt: question, answer }))
}

/** An engine of one thread for each that the node's own has; people's questions go before their work. */
const sideEngines = (engine: Engine): Promise<Engine[]> =>
  Promise.all(
    Array.from({ length: engine.status().threads }, () => engine.another({ threads: 1, background: true })),
  )
