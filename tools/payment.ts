import { fault } from '../infra/errors.ts'
import {
  type AnswerPay,
  answerPays,
  type PayAnswer,
  type PayInput,
  type PayTable,
  payTable,
} from '../models/attribution/pay.ts'
import { calibrationOf } from './calibration.ts'
import type { Network } from './context.ts'
import { findProposal, findReleaseById, type Release } from './find.ts'
import { linkedAccounts } from './person.ts'
import { type SnapshotRow, snapshotRows } from './rows.ts'

interface AnswerRow {
  id: string
  release_id: string
  account_id: string
  price_units: bigint
}

type Measured = Pick<PayAnswer, 'tokens' | 'nats' | 'influence' | 'outcomes'>

const answerOf = (answer: AnswerRow, measured: Measured): PayAnswer => ({
  id: answer.id,
  revenueUnits: answer.price_units,
  askerAccount: answer.account_id,
  disputed: false,
  tokens: measured.tokens,
  nats: measured.nats,
  influence: measured.influence,
  ...(measured.outcomes === undefined ? {} : { outcomes: measured.outcomes }),
})

const inputOf = async (
  network: Pick<Network, 'db' | 'blobs'>,
  release: Release,
  rows: readonly SnapshotRow[],
  answers: PayAnswer[],
): Promise<PayInput> => {
  const { db } = network
  const proposal = await findProposal(db, release.proposalId)
  const ensemble = await calibrationOf(network, release.id)
  return {
    answers,
    rows: rows.map(row => ({
      account: row.accountId,
      cluster: row.cluster,
      canonical: row.canonical,
      withdrawn: row.question === null,
    })),
    dataShare: proposal.terms.split.contributors * 100,
    maxGain: release.gain,
    linked: await linkedAccounts(db),
    ...(ensemble === null ? {} : { ensemble }),
  }
}

/** What one answer alone would pay: its gain and every contributor's share of it. */
export const paymentOf = async (
  network: Pick<Network, 'db' | 'blobs'>,
  answerId: string,
  measured: Measured,
): Promise<AnswerPay> => {
  const { db } = network
  const [answer] = await db.query<AnswerRow>(
    'select id, release_id, account_id, price_units from answers where id = $1',
    [answerId],
  )
  if (answer === undefined)
    throw fault('answer-missing', 'This answer does not exist.', { fix: 'Pass the id of an answer.' })
  const release = await findReleaseById(db, answer.release_id)
  const input = await inputOf(network, release, await snapshotRows(db, release.snapshotId), [
    answerOf(answer, measured),
  ])
  return answerPays(input)[0] as AnswerPay
}

/** The pay table of every release that earned in an epoch. Throws `answer-unattributed` while one is missing. */
export const epochTables = async (
  network: Pick<Network, 'db' | 'blobs'>,
  epoch: number,
): Promise<{ release: Release; table: PayTable }[]> => {
  const { db, blobs } = network
  const answers = await db.query<
    AnswerRow & { attribution: Measured | null; influence_blob: string | null; outcomes_blob: string | null }
  >(
    `select id, release_id, account_id, price_units, attribution, influence_blob, outcomes_blob from answers where epoch = $1 and state = 'answered' order by asked_at, id`,
    [epoch],
  )
  const tables: { release: Release; table: PayTable }[] = []
  for (const [releaseId, own] of Map.groupBy(answers, answer => answer.release_id)) {
    const release = await findReleaseById(db, releaseId)
    const calibrated = (await calibrationOf(network, releaseId)) !== null
    const measured: PayAnswer[] = []
    for (const answer of own) {
      const outcomes = answer.outcomes_blob
      if (answer.attribution === null || answer.influence_blob === null || (calibrated && outcomes === null))
        throw fault('answer-unattributed', 'An answer of this epoch is not attributed yet.', {
          fix: 'Attribute it first.',
          retry: true,
          facts: { answer: answer.id },
        })
      measured.push(
        answerOf(answer, {
          ...answer.attribution,
          influence: floats(await blobs.get(answer.influence_blob)),
          ...(outcomes === null ? {} : { outcomes: floats(await blobs.get(outcomes)) }),
        }),
      )
    }
    tables.push({
      release,
      table: await payTable(
        await inputOf(network, release, await snapshotRows(db, release.snapshotId), measured),
      ),
    })
  }
  return tables
}

/** The bytes of values, little-endian as all machines of today have them. */
export const bytesOf = (values: Float64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** Bytes of a blob as the Float64 values they were written from. */
export const floats = (bytes: Uint8Array): Float64Array => new Float64Array(new Uint8Array(bytes).buffer)
