import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { fault } from '../../infra/errors.ts'
import { attributionRecord } from '../attribute.ts'
import { contentHash } from '../contribute.ts'
import { type Linked, linkedBy } from '../person.ts'
import type { SnapshotRow } from '../rows.ts'
import { type Check, examine, groupBy, type Wrong } from './check.ts'
import {
  configurationFile,
  type DataName,
  type DataRecord,
  dataFileOf,
  dataNames,
  dataSchemas,
  influenceFile,
  outcomesFile,
  weightsFile,
} from './data-format.ts'
import type { BundleRecord, Records } from './format.ts'
import { linesOf, readLine } from './parse.ts'
import { type CalibrationEvidence, gatherCalibrations } from './recompute-calibration.ts'

/** What the ledger says was measured of an answer; the chain holds the root over it. */
const attributedPayload = attributionRecord.extend({
  influence: z.string(),
  outcomes: z.string().nullable(),
  shares: z.array(
    z.object({
      account: z.string(),
      share: z.number(),
      low: z.number().nullable(),
      high: z.number().nullable(),
    }),
  ),
})
export type Attributed = z.infer<typeof attributedPayload>

/** One answer with everything that its attribution is recomputed from and compared with. */
export interface AnswerEvidence {
  readonly answer: BundleRecord<'answers'>
  readonly release: BundleRecord<'releases'>
  readonly written: DataRecord<'questions'>
  readonly attributed: Attributed
  readonly influence: Float64Array
  /** Nats under each subset adapter; null where it was measured without them. */
  readonly outcomes: Float64Array | null
  /** Whether its release was calibrated before it was measured. */
  readonly calibrated: boolean
  /** Positions of rows that were withdrawn after the answer was attributed: their text is gone for good. */
  readonly withdrawnSince: readonly number[]
  /** Which accounts were known to be one person's when it was measured. */
  readonly linked: Linked
}

export interface ReleaseEvidence {
  readonly base: string
  readonly gain: number
  /** Percent of an answer's price. */
  readonly contributors: number
  readonly rows: readonly SnapshotRow[]
  readonly weights: Buffer
  readonly configuration: Buffer
  readonly calibration: CalibrationEvidence | null
}

type Data = { [N in DataName]: DataRecord<N>[] }
type Files = ReadonlyMap<string, Buffer>

/** Reads the data of a bundle. Throws `bundle-without-data` where it was exported without. */
export const readData = async (files: Files): Promise<{ data: Data; check: Check }> => {
  if (!files.has(dataFileOf('texts')) || !files.has(dataFileOf('questions')))
    throw fault('bundle-without-data', 'This bundle has no texts and adapters to compute from.', {
      fix: 'Ask the operator for a bundle that was exported with data=true.',
    })
  const data: Data = { texts: [], questions: [], calibrations: [] }
  const check = await examine('the data can be read', wrong => {
    for (const name of dataNames) {
      let at = 0
      for (const line of linesOf(files.get(dataFileOf(name)) ?? Buffer.alloc(0))) {
        at++
        const read = readLine<z.ZodType>(dataSchemas[name], line)
        if ('value' in read) (data[name] as unknown[]).push(read.value)
        else wrong(`${dataFileOf(name)} line ${at}: ${read.reason}`)
      }
    }
    return {
      count: dataNames.reduce((sum, name) => sum + data[name].length, 0),
      detail: 'rows, answers and calibrations',
    }
  })
  return { data, check }
}

const receiptBody = z.object({ body: z.object({ questionHash: z.string(), answerHash: z.string() }) })

type Release = BundleRecord<'releases'>

/** The rows of the releases' snapshots, by snapshot, each with its text. */
const gatherRows = async (records: Records, data: Data, releases: readonly Release[]) => {
  const rowsOf = new Map<string, readonly SnapshotRow[]>()
  const texts = new Map(data.texts.map(item => [item.contribution, item]))
  const check = await examine('every row is the one that the snapshot holds', wrong => {
    const read = (row: BundleRecord<'rows'>): SnapshotRow => {
      const { position, contribution, account, cluster, canonical } = row
      const what = `row ${position} of snapshot ${row.snapshot}`
      const bare = { position, contributionId: contribution, accountId: account, cluster, canonical }
      const text = texts.get(contribution)
      const { question = null, answer = null, salt = null } = text ?? {}
      if (question === null || answer === null || salt === null) {
        if (text === undefined) wrong(`the text of ${what} is missing`)
        else if (!row.withdrawn) wrong(`${what} has no text, and nobody has withdrawn it`)
        else if ((question ?? answer ?? salt) !== null) wrong(`${what} was withdrawn, and some of it is here`)
        return { ...bare, question: null, answer: null }
      }
      if (row.withdrawn) wrong(`${what} was withdrawn, and its text is here`)
      const found = contentHash(Buffer.from(salt, 'hex'), { question, answer, licence: row.licence })
      if (found !== row.contentHash) wrong(`the text of ${what} is not the one that was frozen`)
      return { ...bare, question, answer }
    }
    const of = groupBy(records.rows, row => row.snapshot)
    for (const { snapshot } of releases)
      if (!rowsOf.has(snapshot)) rowsOf.set(snapshot, (of.get(snapshot) ?? []).map(read))
    const count = [...rowsOf.values()].reduce((sum, rows) => sum + rows.length, 0)
    return { count, detail: 'salted SHA-256 of text and licence' }
  })
  return { rowsOf, check }
}

/** What the releases compute with, by release. */
const gatherReleases = async (
  files: Files,
  records: Records,
  releases: readonly Release[],
  rowsOf: ReadonlyMap<string, readonly SnapshotRow[]>,
  calibrations: ReadonlyMap<string, CalibrationEvidence>,
) => {
  const found = new Map<string, ReleaseEvidence>()
  const proposals = new Map(records.proposals.map(item => [item.id, item]))
  const evaluations = new Map(records.evaluations.map(item => [item.id, item]))
  const check = await examine('every adapter is the one that was released', wrong => {
    for (const { id, proposal: named, evaluation: judged, snapshot, adapter } of releases) {
      const [proposal, evaluation] = [proposals.get(named), evaluations.get(judged)]
      const weights = files.get(weightsFile(adapter))
      const configuration = files.get(configurationFile(adapter))
      if (proposal === undefined || evaluation === undefined) wrong(`the release ${id} is incomplete`)
      else if (weights === undefined || configuration === undefined)
        wrong(`the adapter ${adapter} is missing`)
      else if (sha256Hex(weights) !== adapter) wrong(`the bytes of the adapter ${adapter} have another hash`)
      else
        found.set(id, {
          base: proposal.base,
          gain: evaluation.gain,
          contributors: proposal.split.contributors,
          rows: rowsOf.get(snapshot) ?? [],
          weights,
          configuration,
          calibration: calibrations.get(id) ?? null,
        })
    }
    return { count: releases.length, detail: 'SHA-256 of the weights' }
  })
  return { found, check }
}

/**
 * Gathers what is known of the answers drawn, and checks every text, adapter and influence against the hash that the records hold.
 * An answer of which something is missing or false is named by a check and left out.
 */
export const gatherEvidence = async (
  files: Files,
  records: Records,
  data: Data,
  drawn: readonly BundleRecord<'answers'>[],
) => {
  const wanted = new Set(drawn.map(({ release }) => release))
  const released = records.releases.filter(({ id }) => wanted.has(id))
  const { rowsOf, check: rowsCheck } = await gatherRows(records, data, released)
  const calibrations = await gatherCalibrations(files, records, data.calibrations, released, rowsOf)
  const { found: releases, check: adapters } = await gatherReleases(
    files,
    records,
    released,
    rowsOf,
    calibrations.found,
  )

  const answers: AnswerEvidence[] = []
  const written = new Map(data.questions.map(item => [item.answer, item]))
  const receipts = new Map(records.receipts.map(item => [item.id, item.receipt]))
  const withdrawals = records.events.filter(event => event.kind === 'contribution.withdrawn')
  const links = records.events.filter(event => event.kind === 'account.linked')
  const erased = new Set(
    records.events.filter(event => event.kind === 'account.erased').map(event => event.subject),
  )
  const questions = await examine('every answer is the one that its receipt names', wrong => {
    for (const answer of drawn) {
      const what = `the answer ${answer.id}`
      const text = written.get(answer.id)
      const event = records.events.findLast(
        ({ kind, subject }) => kind === 'answer.attributed' && subject === answer.id,
      )
      const told = attributedPayload.safeParse(event?.payload)
      const release = released.find(({ id }) => id === answer.release)
      const blob = files.get(influenceFile(answer.influence ?? ''))
      const receipt = receiptBody.safeParse(json(receipts.get(answer.receipt ?? '')))
      // Whoever asked it has erased their texts; everybody's pay still stands in the records and on chain.
      if (text === undefined && erased.has(answer.account)) continue
      if (release === undefined) wrong(`the release of ${what} is missing`)
      if (text === undefined) wrong(`the text of ${what} is missing`)
      if (event === undefined || !told.success) wrong(`the ledger does not say what was measured of ${what}`)
      if (!receipt.success) wrong(`the receipt of ${what} is missing`)
      if (blob === undefined) wrong(`the influence of ${what} is missing`)
      if (blob === undefined || release === undefined || text === undefined) continue
      if (event === undefined || !told.success || !receipt.success) continue
      if (sha256Hex(blob) !== answer.influence) wrong(`the influence of ${what} has another hash`)
      if (told.data.influence !== answer.influence)
        wrong(`the ledger names another influence of ${what} than the records`)
      if (canonicalJson(attributionRecord.parse(told.data)) !== canonicalJson(text.attribution))
        wrong(`the ledger says other of ${what} than the records`)
      const hashOf = (of: string): string => sha256Hex(Buffer.from(text.salt, 'hex'), of)
      const { questionHash, answerHash } = receipt.data.body
      if (hashOf(text.question) !== questionHash || hashOf(text.text) !== answerHash)
        wrong(`the text of ${what} is not the one that was asked and given`)
      const rows = rowsOf.get(release.snapshot) ?? []
      if (blob.length !== rows.length * 8) {
        wrong(`the influence of ${what} is not of ${rows.length} rows`)
        continue
      }
      const outcomes = outcomesOf(files, text, told.data, what, wrong)
      const calibration = calibrations.found.get(release.id)
      const calibrated = calibration !== undefined && calibration.seq < event.seq
      if (!told.data.provisional && !calibrated)
        wrong(
          `${what} has intervals, but the release ${release.id} was not calibrated before it was measured`,
        )
      if (outcomes !== null && calibrated && outcomes.length !== calibration.adapters.length)
        wrong(`the outcomes of ${what} are not of ${calibration.adapters.length} subset adapters`)
      const since = new Set(withdrawals.filter(({ seq }) => seq > event.seq).map(({ subject }) => subject))
      answers.push({
        answer,
        release,
        written: text,
        attributed: told.data,
        influence: new Float64Array(new Uint8Array(blob).buffer),
        outcomes,
        calibrated,
        linked: linkedBy(links.filter(({ seq }) => seq < event.seq).map(link => [link.actor, link.subject])),
        withdrawnSince: rows
          .filter(({ contributionId }) => since.has(contributionId))
          .map(({ position }) => position),
      })
    }
    return {
      count: drawn.length,
      detail: 'salted SHA-256 of question and answer; influence and outcomes by their hashes',
    }
  })
  return { answers, releases, checks: [rowsCheck, calibrations.check, adapters, questions] }
}

/** The nats of an answer under the subset adapters, once their hash is the recorded one. */
const outcomesOf = (
  files: Files,
  { outcomes: kept }: DataRecord<'questions'>,
  told: Attributed,
  what: string,
  wrong: Wrong,
): Float64Array | null => {
  if (told.outcomes !== kept) wrong(`the ledger names other outcomes of ${what} than the records`)
  if (told.provisional !== (told.outcomes === null))
    wrong(`${what} is provisional with outcomes, or has intervals without them`)
  if (kept === null) return null
  const blob = files.get(outcomesFile(kept))
  if (blob === undefined) wrong(`the outcomes of ${what} are missing`)
  else if (sha256Hex(blob) !== kept) wrong(`the outcomes of ${what} have another hash`)
  else if (blob.length % 8 !== 0) wrong(`the outcomes of ${what} are not whole numbers of 8 bytes`)
  else return new Float64Array(new Uint8Array(blob).buffer)
  return null
}

const json = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}
