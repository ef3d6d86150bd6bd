import { type Ensemble, type EnsembleRecord, openEnsemble } from '../models/attribution/ensemble.ts'
import { checkedAdapter } from './adapter.ts'
import type { Network } from './context.ts'

/** A release's ensemble with the hashes of its subset adapters. */
export interface Calibration extends Ensemble {
  readonly adapters: readonly string[]
  readonly widening: number
}

/** Opened once per process and record. */
const opened = new Map<string, Promise<Calibration>>()

/** The calibration of a release, or null while there is none: its pay is provisional then. */
export const calibrationOf = async (
  { db, blobs }: Pick<Network, 'db' | 'blobs'>,
  releaseId: string,
): Promise<Calibration | null> => {
  const [row] = await db.query<{ record_blob: string }>(
    'select record_blob from calibrations where release_id = $1 and record_blob is not null',
    [releaseId],
  )
  if (row === undefined) return null
  const known = opened.get(row.record_blob)
  if (known !== undefined) return known
  const opening = blobs.get(row.record_blob).then(async bytes => {
    const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as EnsembleRecord
    return { ...(await openEnsemble(record)), adapters: record.adapters, widening: record.widening }
  })
  opened.set(row.record_blob, opening)
  opening.catch(() => opened.delete(row.record_blob))
  return opening
}

/** Nats of one answer under each subset adapter; length adapters. */
export const outcomesOf = async (
  network: Pick<Network, 'folder' | 'engine'>,
  { adapters }: Pick<Calibration, 'adapters'>,
  question: { prompt: string; answer: string },
): Promise<Float64Array> => {
  const nats = new Float64Array(adapters.length)
  for (const [m, hash] of adapters.entries()) {
    const measured = await network.engine.losses([question], await checkedAdapter(network, hash))
    nats[m] = measured.nats[0]!
  }
  return nats
}
