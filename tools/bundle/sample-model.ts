import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultRecipe, type Engine, openEngine } from '../../models/engine.ts'
import { adapterFolder } from '../adapter.ts'
import { attribute } from '../attribute.ts'
import { snapshotRows, trainingExamples } from '../rows.ts'
import type { ModelActs } from './sample-story.ts'

/** The base of `openSampleModel`: random weights, 320 tokens. */
export const sampleBase = join(import.meta.dirname, '../../models/golden/llama-tied/base')

/**
 * A real model, but for the evaluation's losses: random weights learn their rows and nothing that would pass one. An
 * evaluation asks for all held-out answers together; one answer alone is measured, as attribution asks for it.
 */
export const openSampleModel = async (): Promise<Engine> => {
  const engine = await openEngine({ base: sampleBase, threads: 1 })
  return {
    ...engine,
    losses: async (examples, adapter) => {
      if (examples.length === 1) return engine.losses(examples, adapter)
      const tokens = Uint32Array.from(examples, ({ answer }) => answer.length + 1)
      const perToken = adapter === null ? 2 : 1
      return { nats: Float64Array.from(tokens, count => count * perToken), tokens, perToken }
    },
  }
}

/** Trains and attributes as the node does, with a recipe for a model this small. */
export const modelActs: ModelActs = {
  train: async ({ network: { db, engine, folder } }, runId, proposalId) => {
    const [run] = await db.query<{ snapshot_id: string }>('select snapshot_id from runs where id = $1', [
      runId,
    ])
    if (run === undefined) throw new Error('The sample has no such run.')
    const rows = await snapshotRows(db, run.snapshot_id)
    const scratch = join(folder, 'training')
    const recipe = { ...defaultRecipe, epochs: 30, batch: 4, maxTokens: 96 }
    const { hash } = await engine.train(trainingExamples(rows), recipe, { folder: scratch })
    const to = adapterFolder(folder, hash)
    await mkdir(to, { recursive: true })
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      await cp(join(scratch, file), join(to, file))
    await db.query(`update runs set state = 'trained', adapter_hash = $2 where id = $1`, [runId, hash])
    await db.query(`update proposals set state = 'evaluating' where id = $1`, [proposalId])
  },
  attribute: async sample => {
    const waiting = await sample.network.db.query<{ id: string }>(
      `select id from answers where state = 'answered' and attribution is null order by asked_at, id`,
    )
    for (const { id } of waiting) await sample.as('attributor')(attribute, { answerId: id })
  },
}
