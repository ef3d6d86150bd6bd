import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { type Terms, terms } from './terms.ts'

export interface Proposal {
  readonly id: string
  readonly name: string
  readonly proposerId: string
  readonly state:
    | 'voting'
    | 'gathering'
    | 'tuning'
    | 'evaluating'
    | 'serving'
    | 'rejected'
    | 'failed'
    | 'retired'
  readonly terms: Terms
  readonly termsHash: string
  readonly evaluationBlob: string
  readonly priceUnits: bigint
  readonly bondUnits: bigint
  readonly closesAt: Date
  readonly gatheringClosedAt: Date | null
  readonly reason: string | null
}

interface ProposalRow {
  id: string
  name: string
  proposer_id: string
  state: Proposal['state']
  terms: unknown
  terms_hash: string
  evaluation_blob: string
  price_units: bigint
  bond_units: bigint
  closes_at: Date
  gathering_closed_at: Date | null
  reason: string | null
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Finds a proposal by its id or its model's name. Throws `proposal-unknown`. */
export const findProposal = async (db: Db, idOrName: string): Promise<Proposal> => {
  const text = idOrName.trim().toLowerCase()
  const rows = await db.query<ProposalRow>(
    `select id, name, proposer_id, state, terms, terms_hash, evaluation_blob, price_units, bond_units, closes_at, gathering_closed_at, reason
     from proposals where ${uuid.test(text) ? 'id' : 'name'} = $1`,
    [text],
  )
  const row = rows[0]
  if (row === undefined)
    throw fault('proposal-unknown', `There is no proposal or model named "${text.slice(0, 60)}".`, {
      fix: 'Look at the list with /status.',
    })
  return {
    id: row.id,
    name: row.name,
    proposerId: row.proposer_id,
    state: row.state,
    terms: terms.parse(row.terms),
    termsHash: row.terms_hash,
    evaluationBlob: row.evaluation_blob,
    priceUnits: row.price_units,
    bondUnits: row.bond_units,
    closesAt: row.closes_at,
    gatheringClosedAt: row.gathering_closed_at,
    reason: row.reason,
  }
}

/** Throws `wrong-state` unless the proposal is in one of the states. */
export const inState = (proposal: Proposal, states: readonly Proposal['state'][], fix: string): void => {
  if (states.includes(proposal.state)) return
  throw fault('wrong-state', `"${proposal.name}" is ${proposal.state}.`, {
    fix,
    facts: { state: proposal.state },
  })
}

export interface Account {
  readonly id: string
  readonly name: string
  readonly wallet: number
}

/** The account that calls. Throws `account-unknown` when it does not exist. */
export const findAccount = async (db: Db, id: string | null): Promise<Account> => {
  const [row] = await db.query<Account>(
    'select id, name, wallet from accounts where id = $1 and erased_at is null',
    [id],
  )
  if (row === undefined)
    throw fault('account-unknown', 'This account does not exist.', { fix: 'Join first.' })
  return row
}

export interface Release {
  readonly id: string
  readonly proposalId: string
  readonly name: string
  readonly version: number
  readonly snapshotId: string
  readonly runId: string
  readonly adapterHash: string
  readonly priceUnits: bigint
  readonly gain: number
}

const releaseColumns = `r.id, r.proposal_id as "proposalId", p.name, r.version, r.snapshot_id as "snapshotId", r.run_id as "runId",
  r.adapter_hash as "adapterHash", p.price_units as "priceUnits", e.gain
  from releases r join proposals p on p.id = r.proposal_id join evaluations e on e.id = r.evaluation_id`

/**
 * Finds a release by `name`, `name@3` or `name@latest`, where no model has that name by an alias of it. Throws
 * `model-unknown`.
 */
export const findRelease = async (
  db: Db,
  model: string,
  options: { aliases?: boolean } = {},
): Promise<Release> => {
  const [name = '', version = 'latest'] = model.replaceAll('\0', '').trim().toLowerCase().split('@')
  const release = await releaseOf(db, name, version)
  if (release !== undefined) return release
  const [alias] =
    options.aliases === false
      ? []
      : await db.query<{ model: string }>(
          'select model from model_aliases where alias = $1 and not exists (select from proposals where name = $1)',
          [name],
        )
  const [target = '', pinned] = alias?.model.split('@') ?? []
  const aliased = alias === undefined ? undefined : await releaseOf(db, target, pinned ?? version)
  // The version of a pinned alias is part of what it stands for.
  if (aliased !== undefined && (pinned === undefined || version === 'latest')) return aliased
  throw fault('model-unknown', `No model "${model.slice(0, 60)}" has been released.`, {
    fix: 'Look at the released models with /status.',
  })
}

const releaseOf = async (db: Db, name: string, version: string): Promise<Release | undefined> => {
  const wanted = version === 'latest' ? null : /^\d{1,9}$/.test(version) ? Number(version) : -1
  const [row] = await db.query<Release>(
    `select ${releaseColumns} where p.name = $1 and ($2::int is null or r.version = $2) order by r.version desc limit 1`,
    [name, wanted],
  )
  return row
}

/** Finds a release by its id. Throws `model-unknown`. */
export const findReleaseById = async (db: Db, id: string): Promise<Release> => {
  const [row] = await db.query<Release>(`select ${releaseColumns} where r.id = $1`, [id])
  if (row === undefined)
    throw fault('model-unknown', 'That release does not exist.', {
      fix: 'Look at the released models with /status.',
    })
  return row
}
