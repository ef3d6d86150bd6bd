import type { Blobs } from '../infra/blobs.ts'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { type PayAnswer, type PayTable, payTable } from '../models/attribution/pay.ts'
import { findProposal, findReleaseById, type Release } from './find.ts'
import { type SnapshotRow, snapshotRows } from './rows.ts'

interface AnswerRow {
  id: string
  release_id: string
  account_id: string
  price_units: bigint
}

type Measured = Pick<PayAnswer, 'tokens' | 'nats' | 'influence'>

const answerOf = (answer: AnswerRow, measured: Measured): PayAnswer => ({
  id: answer.id,
  revenueUnits: answer.price_units,
  askerAccount: answer.account_id,
  disputed: false,
  tokens: measured.tokens,
  nats: measured.nats,
  influence: measured.influence,
})

const tableOf = async (
  db: Db,
  release: Release,
  rows: readonly SnapshotRow[],
  answers: PayAnswer[],
): Promise<PayTable> => {
  const proposal = await findProposal(db, release.proposalId)
  return payTable({
    answers,
    rows: rows.map(row => ({
      account: row.accountId,
      cluster: row.cluster,
      canonical: row.canonical && row.question !== null,
    })),
    dataShare: proposal.terms.split.contributors * 100,
    maxGain: release.gain,
  })
}

/** What one answer alone would pay: its gain and every contributor's share of it. */
export const paymentOf = async (
  db: Db,
  answerId: string,
  measured: Measured,
): Promise<PayTable['perAnswer'][number]> => {
  const [answer] = await db.query<AnswerRow>(
    'select id, release_id, account_id, price_units from answers where id = $1',
    [answerId],
  )
  if (answer === undefined)
    throw fault('answer-missing', 'This answer does not exist.', { fix: 'Pass the id of an answer.' })
  const release = await findReleaseById(db, answer.release_id)
  const table = await tableOf(db, release, await snapshotRows(db, release.snapshotId), [
    answerOf(answer, measured),
  ])
  return table.perAnswer[0] as PayTable['perAnswer'][number]
}

/** The pay table of every release that earned in an epoch. Throws `answer-unattributed` while one is missing. */
export const epochTables = async (
  db: Db,
  blobs: Blobs,
  epoch: number,
): Promise<{ release: Release; table: PayTable }[]> => {
  const answers = await db.query<AnswerRow & { attribution: Measured | null; influence_blob: string | null }>(
    `select id, release_id, account_id, price_units, attribution, influence_blob from answers where epoch = $1 and state = 'answered' order by asked_at, id`,
    [epoch],
  )
  const tables: { release: Release; table: PayTable }[] = []
  for (const releaseId of new Set(answers.map(answer => answer.release_id))) {
    const release = await findReleaseById(db, releaseId)
    const measured: PayAnswer[] = []
    for (const answer of answers.filter(item => item.release_id === releaseId)) {
      if (answer.attribution === null || answer.influence_blob === null)
        throw fault('answer-unattributed', 'An answer of this epoch is not attributed yet.', {
          fix: 'Attribute it first.',
          retry: true,
          facts: { answer: answer.id },
        })
      measured.push(
        answerOf(answer, {
          ...answer.attribution,
          influence: floats(await blobs.get(answer.influence_blob)),
        }),
      )
    }
    tables.push({
      release,
      table: await tableOf(db, release, await snapshotRows(db, release.snapshotId), measured),
    })
  }
  return tables
}

/** Bytes of a blob as the Float64 values they were written from. */
export const floats = (bytes: Uint8Array): Float64Array => new Float64Array(bytes.slice().buffer)
