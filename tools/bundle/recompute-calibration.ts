import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { type EnsembleRecord, openEnsemble } from '../../models/attribution/ensemble.ts'
import { type Check, examine } from './check.ts'
import { calibrationFile, configurationFile, type DataRecord, weightsFile } from './data-format.ts'
import type { BundleRecord, Records } from './format.ts'
import { readLine } from './parse.ts'

export interface SubsetAdapter {
  readonly hash: string
  readonly weights: Buffer
  readonly configuration: Buffer
}

/** What the shares of a calibrated release rest on. */
export interface CalibrationEvidence {
  /** Place of its event in the ledger: answers measured before it are provisional. */
  readonly seq: bigint
  readonly record: EnsembleRecord
  /** In the order of the record. */
  readonly adapters: readonly SubsetAdapter[]
}

const calibratedPayload = z.object({
  record: z.string(),
  adapters: z.array(z.string()),
  widening: z.number(),
})

// Sizes are limited because a bundle may hold anything; a release has 200 clusters and 512 subset adapters at most.
const recordSchema: z.ZodType<EnsembleRecord> = z.object({
  format: z.literal(1),
  clusters: z.array(z.int().min(0).max(4095)),
  sizes: z.array(z.number()).max(4096),
  subsets: z.array(z.string().max(4096)).min(1).max(4096),
  adapters: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(4096),
  calibration: z.object({
    rho: z.number(),
    kappa: z.array(z.number()),
    noise: z.number(),
    likelihood: z.number(),
  }),
  widening: z.number(),
})

/** Reads the calibrations of releases and checks record and subset adapters against the hashes that the ledger holds. */
export const gatherCalibrations = async (
  files: ReadonlyMap<string, Buffer>,
  records: Records,
  kept: readonly DataRecord<'calibrations'>[],
  releases: readonly BundleRecord<'releases'>[],
  rowsOf: ReadonlyMap<string, readonly unknown[]>,
): Promise<{ found: Map<string, CalibrationEvidence>; check: Check }> => {
  const found = new Map<string, CalibrationEvidence>()
  const check = await examine('every calibration is the one that the ledger names', async wrong => {
    let adapters = 0
    for (const { id, snapshot } of releases) {
      const what = `the calibration of the release ${id}`
      const hash = kept.find(({ release }) => release === id)?.record
      const event = records.events.find(
        ({ kind, subject }) => kind === 'release.calibrated' && subject === id,
      )
      if (hash === undefined && event === undefined) continue
      const told = calibratedPayload.safeParse(event?.payload)
      const bytes = files.get(calibrationFile(hash ?? ''))
      if (hash === undefined || bytes === undefined) wrong(`${what} is missing`)
      else if (event === undefined || !told.success) wrong(`the ledger does not name ${what}`)
      else if (told.data.record !== hash) wrong(`the ledger names another record as ${what}`)
      else if (sha256Hex(bytes) !== hash) wrong(`${what} has another hash`)
      else {
        const read = readLine(recordSchema, bytes)
        if ('reason' in read) {
          wrong(`${what} cannot be read: ${read.reason}`)
          continue
        }
        const record = read.value
        const { length } = rowsOf.get(snapshot) ?? []
        if (record.clusters.length !== length) wrong(`${what} is not of ${length} rows`)
        if (canonicalJson(record.adapters) !== canonicalJson(told.data.adapters))
          wrong(`the ledger names other subset adapters than ${what}`)
        if (record.widening !== told.data.widening) wrong(`the ledger names another widening than ${what}`)
        await openEnsemble(record).catch(error => wrong(`${what} does not fit together: ${error.message}`))
        const own: SubsetAdapter[] = []
        for (const adapter of record.adapters) {
          const weights = files.get(weightsFile(adapter))
          const configuration = files.get(configurationFile(adapter))
          if (weights === undefined || configuration === undefined)
            wrong(`the subset adapter ${adapter} is missing`)
          else if (sha256Hex(weights) !== adapter)
            wrong(`the bytes of the subset adapter ${adapter} have another hash`)
          else own.push({ hash: adapter, weights, configuration })
        }
        adapters += own.length
        if (own.length === record.adapters.length) found.set(id, { seq: event.seq, record, adapters: own })
      }
    }
    return { count: found.size, detail: `SHA-256 of records and ${adapters} subset adapters` }
  })
  return { found, check }
}
