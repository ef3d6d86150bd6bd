import { z } from 'zod'
import { attributionRecord } from '../attribute.ts'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const id = z.uuid()
const written = z.string().max(1_000_000)

/**
 * What a bundle holds besides its records where it was exported with its data: everything that attribution is computed
 * from. Nothing here has to be believed: each text is checked by its salt against a hash that the records hold.
 */
export const dataSchemas = {
  /** Rows of released snapshots; all null once a row was withdrawn. The hash is the row's `contentHash`. */
  texts: z.strictObject({
    contribution: id,
    question: written.nullable(),
    answer: written.nullable(),
    salt: hash.nullable(),
  }),
  /** Answers whose attribution was measured; the hashes are `questionHash` and `answerHash` of the receipt. */
  questions: z.strictObject({
    answer: id,
    question: written,
    text: written,
    salt: hash,
    attribution: attributionRecord,
    /** SHA-256 of its nats under each subset adapter; null where it was measured without them. */
    outcomes: hash.nullable(),
  }),
  /** Releases whose attribution is calibrated, with the SHA-256 of the record; the ledger names it too. */
  calibrations: z.strictObject({ release: id, record: hash }),
} as const

export type DataName = keyof typeof dataSchemas
export type DataRecord<N extends DataName> = z.output<(typeof dataSchemas)[N]>

export const dataNames = Object.keys(dataSchemas) as readonly DataName[]
export const dataFileOf = (name: DataName): string => `${name}.jsonl`

/** The adapter's weights, under their SHA-256, and its configuration beside them. */
export const weightsFile = (adapter: string): string => `adapters/${adapter}.safetensors`
export const configurationFile = (adapter: string): string => `adapters/${adapter}.json`
/** Influence of every row on one answer, little-endian float64, under its SHA-256. */
export const influenceFile = (blob: string): string => `influence/${blob}`
/** Nats of one answer under each subset adapter, little-endian float64, under their SHA-256. */
export const outcomesFile = (blob: string): string => `outcomes/${blob}`
/** An `EnsembleRecord` as JSON, under its SHA-256; its subset adapters lie among the others. */
export const calibrationFile = (blob: string): string => `calibrations/${blob}.json`

const binary =
  /^(adapters\/[0-9a-f]{64}\.(safetensors|json)|(influence|outcomes)\/[0-9a-f]{64}|calibrations\/[0-9a-f]{64}\.json)$/
const named: ReadonlySet<string> = new Set(dataNames.map(dataFileOf))

/** Whether a file of that name belongs to the data that a bundle may hold. */
export const isDataFile = (name: string): boolean => named.has(name) || binary.test(name)
