import { join } from 'node:path'
import { z } from 'zod'
import type { Db } from '../../infra/db.ts'
import { adapterFolder, checkedAdapter } from '../adapter.ts'
import type { Context } from '../context.ts'
import {
  calibrationFile,
  configurationFile,
  type DataName,
  dataFileOf,
  dataNames,
  influenceFile,
  outcomesFile,
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
    sql: `select id as answer, question, answer as text, encode(salt, 'hex') as salt, attribution, outcomes_blob as outcomes from answers
      where state = 'answered' and question <> '' and attribution is not null and influence_blob is not null order by asked_at, id`,
  },
  calibrations: {
    sql: 'select release_id as release, record_blob as record from calibrations where record_blob is not null order by release_id',
  },
}

/** Adapters of a calibration's record, whose blob has been checked. */
const recordSchema = z.object({ adapters: z.array(z.string()) })

/** What of an answer lies in a blob, by its column. */
const blobs = [
  ['influence_blob', influenceFile],
  ['outcomes_blob', outcomesFile],
] as const

/**
 * Writes the data of a bundle aside; `tx` holds the state that the bundle is of.
 * Throws `adapter-corrupt`, `blob-missing` and `blob-corrupt` where the node's own files are not what it recorded.
 */
export const stageData = async (context: Context, tx: Db, folder: string): Promise<Staged[]> => {
  const staged: Staged[] = []
  for (const name of dataNames)
    staged.push(await stage(folder, dataFileOf(name), readPages(tx, name, sources[name])))
  const columns = async (sql: string): Promise<string[]> =>
    (await tx.query<{ hash: string }>(sql)).map(({ hash }) => hash)
  const adapters = new Set(await columns('select distinct adapter_hash as hash from releases order by 1'))
  for (const hash of await columns(
    'select distinct record_blob as hash from calibrations where record_blob is not null order by 1',
  )) {
    const text = Buffer.from(await context.blobs.get(hash)).toString('utf8')
    for (const adapter of recordSchema.parse(JSON.parse(text)).adapters) adapters.add(adapter)
    staged.push(await stageFile(calibrationFile(hash), context.blobs.path(hash)))
  }
  for (const hash of adapters) {
    await checkedAdapter(context, hash)
    const from = adapterFolder(context.folder, hash)
    staged.push(await stageFile(weightsFile(hash), join(from, 'adapter_model.safetensors')))
    staged.push(await stageFile(configurationFile(hash), join(from, 'adapter_config.json')))
  }
  for (const [column, fileOf] of blobs)
    for (const hash of await columns(
      `select distinct ${column} as hash from answers where state = 'answered' and ${column} is not null order by 1`,
    )) {
      await context.blobs.get(hash)
      staged.push(await stageFile(fileOf(hash), context.blobs.path(hash)))
    }
  return staged
}
