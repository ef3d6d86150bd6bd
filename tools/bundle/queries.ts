import type { Db } from '../../infra/db.ts'
import type { RecordName } from './format.ts'
import { shownKey } from './shown-key.ts'

type Row = Record<string, unknown>
export interface Source {
  readonly sql: string
  readonly shown?: (row: Row) => Row
}

const hideKey = (row: Row): Row => ({ ...row, key: shownKey(String(row.key)) })
/** A ballot cast in a poll that nobody has counted yet. */
const openPoll = (proposal: string): string =>
  `exists (select from proposals open_poll where open_poll.id::text = ${proposal} and open_poll.state = 'voting')`
const sealedEvent = `(e.kind = 'ballot.cast' and ${openPoll('e.subject')})`
const sealedReceipt = `(r.kind = 'ballot' and ${openPoll(`(r.body::jsonb #>> '{body,proposal}')`)})`

/** What each file of a bundle is read from; the chain's transactions come from the chain door instead. */
export const sources: Readonly<Record<Exclude<RecordName, 'chain'>, Source>> = {
  events: {
    sql: `select e.seq, e.at, e.kind, e.actor, e.subject, case when not ${sealedEvent} then e.payload end as payload,
        case when not ${sealedEvent} then encode(e.salt, 'hex') end as salt, e.payload_hash as "payloadHash",
        e.prev_hash as "prevHash", e.hash
      from events e order by e.seq`,
  },
  anchors: {
    sql: `select from_seq as "fromSeq", to_seq as "toSeq", root, tx, at from anchors order by to_seq`,
  },
  receipts: {
    sql: `select r.id, r.kind, r.body as receipt, r.signature, r.key_id as "keyId", r.event_seq as "eventSeq", r.at
      from receipts r where not ${sealedReceipt} order by r.at, r.id`,
  },
  // Ids are UUIDv7, so this is the order in which they were booked.
  transfers: {
    sql: `select t.id, t.key, t.from_account as "from", t.to_account as "to", t.units, t.reason, t.at,
        (select jsonb_agg(jsonb_build_object('account', n.account, 'units', n.units::text) order by n.account collate "C")
         from entries n where n.transfer = t.id) as entries
      from transfers t order by t.id`,
    shown: hideKey,
  },
  proposals: {
    sql: `select id, name, proposer_id as proposer, state, origin, terms_hash as "termsHash", terms #>> '{base,hash}' as base,
        evaluation_blob as evaluation, terms -> 'split' as split, bond_units as "bondUnits", price_units as "priceUnits", closes_at as "closesAt", nullif(bond_tx, '') as tx
      from proposals order by created_at, id`,
  },
  pledges: {
    sql: `select id, proposal_id as proposal, account_id as account, units, tx from pledges order by created_at, id`,
  },
  polls: {
    sql: `select proposal_id as proposal, root, ballots, yes_units as "yesUnits", no_units as "noUnits", passed,
        file_blob as file, tx, closed_at as at from polls order by closed_at, proposal_id`,
  },
  ballots: {
    sql: `select b.proposal_id as proposal, b.account_id as account, b.choice, b.weight_units as "weightUnits", b.salt,
        b.receipt_id as receipt
      from ballots b join polls p on p.proposal_id = b.proposal_id order by b.proposal_id, b.account_id`,
  },
  power: {
    sql: `select v.proposal_id as proposal, v.account_id as account, v.weight_units as "weightUnits"
      from voting_power v join polls p on p.proposal_id = v.proposal_id order by v.proposal_id, v.account_id`,
  },
  snapshots: {
    sql: `select id, proposal_id as proposal, root, rows, licences, nullif(anchor_tx, '') as tx, created_at as at
      from snapshots order by created_at, id`,
  },
  rows: {
    sql: `select s.snapshot_id as snapshot, s.position, s.contribution_id as contribution, c.account_id as account,
        c.content_hash as "contentHash", c.licence, s.cluster, s.canonical, c.state = 'withdrawn' as withdrawn, s.leaf
      from snapshot_rows s join contributions c on c.id = s.contribution_id order by s.snapshot_id, s.position`,
  },
  evaluations: {
    sql: `select e.id, e.run_id as run, r.snapshot_id as snapshot, r.adapter_hash as adapter, coalesce(r.evaluation_blob, p.evaluation_blob) as evaluation, e.rows,
        e.base_loss as "baseLoss", e.adapter_loss as "adapterLoss", e.gain, e.passed, e.reason, e.hash, e.created_at as at
      from evaluations e join runs r on r.id = e.run_id join proposals p on p.id = r.proposal_id order by e.created_at, e.id`,
  },
  releases: {
    sql: `select id, proposal_id as proposal, version, run_id as run, snapshot_id as snapshot, evaluation_id as evaluation,
        adapter_hash as adapter, nullif(commit_tx, '') as "commitTx", nullif(release_tx, '') as "releaseTx", created_at as at
      from releases order by proposal_id, version`,
  },
  answers: {
    sql: `select id, release_id as release, account_id as account, epoch, state, price_units as "priceUnits",
        receipt_id as receipt, influence_blob as influence, asked_at as at
      from answers order by asked_at, id`,
  },
  payments: {
    sql: `select id, account_id as account, payer, nonce, units, state, tx, tx_by as "by", refund_units as "refundUnits",
        refund_tx as "refundTx", stored_at as at
      from payments order by stored_at, id`,
  },
  epochs: {
    sql: `select number, state, income_units as "incomeUnits", paid_units as "paidUnits", commons_units as "commonsUnits",
        other_units as "otherUnits", root, file_blob as file, tx from epochs order by number`,
  },
  payouts: {
    sql: `select epoch, account_id as account, kind, units, provisional from payouts order by epoch, account_id, kind`,
  },
  leaves: {
    sql: `select c.epoch, l.index, c.account_id as account, l.address, c.units
      from cumulative_payouts c join reward_leaves l on l.account_id = c.account_id order by c.epoch, l.index`,
  },
  claims: {
    sql: `select id, account_id as account, epoch, units, cumulative_units as "cumulativeUnits", tx, claimed_at as at
      from claims order by claimed_at, id`,
  },
}

/** Rows read at once: keeps the memory of an export small, however long the ledger is. */
const PAGE = 2_000

/** Reads one file's records in order, a page at a time; `tx` holds the state that the whole bundle is of. */
export const readRecords = (tx: Db, name: keyof typeof sources): AsyncGenerator<Row> =>
  readPages(tx, name, sources[name])

export async function* readPages(
  tx: Db,
  name: string,
  { sql, shown = row => row }: Source,
): AsyncGenerator<Row> {
  await tx.query(`declare bundle_${name} no scroll cursor for ${sql}`)
  for (;;) {
    const page = await tx.query<Row>(`fetch ${PAGE} from bundle_${name}`)
    yield* page.map(shown)
    if (page.length < PAGE) break
  }
  await tx.query(`close bundle_${name}`)
}

/** How many votes stay out of the bundle because their polls are open. */
export const countSealed = async (tx: Db): Promise<{ ballots: number; receipts: number }> => {
  const [count] = await tx.query<{ ballots: number; receipts: number }>(
    `select (select count(*)::int from events e where ${sealedEvent}) as ballots,
       (select count(*)::int from receipts r where ${sealedReceipt}) as receipts`,
  )
  return count ?? { ballots: 0, receipts: 0 }
}
