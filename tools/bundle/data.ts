import { join } from 'node:path'
import type { Db } from '../../infra/db.ts'
import { adapterFolder, checkedAdapter } from '../adapter.ts'
import type { Context } from '../context.ts'
import {
  configurationFile,
  type DataName,
  dataFileOf,
  dataNames,
  influenceFile,
  weightsFile,
} from './data-format.ts'
import { readPages, type Source } from './queries.ts'
import { type Staged, stage, stageFile } from './stage.ts'

const sources: Readonly<Record<DataName, Source>> = {
  texts: {
    sql: `select c.id as contribution, c.question, c.answer, encode(c.salt, 'hex') as salt from contributions c
      where exists (select from snapshot_rows s join releases r on r.snapshot_id = s.snapshot_id where s.contribution_id = c.id)
      order by c.id`,
  },
  questions: {
    sql: `select id as answer, question, answer as text, encode(salt, 'hex') as salt, attribution from answers
      where state = 'answered' and attribution is not null and influence_blob is not null order by asked_at, id`,
  },
}

/**
 * Writes the data of a bundle aside; `tx` holds the state that the bundle is of.
 * Throws `adapter-corrupt`, `blob-missing` and `blob-corrupt` where the node's own files are not what it recorded.
 */
export const stageData = async (context: Context, tx: Db, folder: string): Promise<Staged[]> => {
  const staged: Staged[] = []
  for (const name of dataNames)
    staged.push(await stage(folder, dataFileOf(name), readPages(tx, name, sources[name])))
  const adapters = await tx.query<{ hash: string }>(
    'select distinct adapter_hash as hash from releases order by 1',
  )
  for (const { hash } of adapters) {
    await checkedAdapter(context, hash)
    const from = adapterFolder(context.folder, hash)
    staged.push(await stageFile(weightsFile(hash), join(from, 'adapter_model.safetensors')))
    staged.push(await stageFile(configurationFile(hash), join(from, 'adapter_config.json')))
  }
  const blobs = await tx.query<{ hash: string }>(
    `select distinct influence_blob as hash from answers where state = 'answered' and influence_blob is not null order by 1`,
  )
  for (const { hash } of blobs) {
    await context.blobs.get(hash)
    staged.push(await stageFile(influenceFile(hash), context.blobs.path(hash)))
  }
  return staged
}
