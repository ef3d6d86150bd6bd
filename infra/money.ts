import type { Db } from './db.ts'
import { fault } from './errors.ts'
import { newId } from './ids.ts'
import { asUnits, type Units } from './units.ts'

export interface Transfer {
  /** Idempotency key: the same transfer under the same key happens once. */
  key: string
  /** Account names: `balance:<account>`, `income:<epoch>`, `commons:<datanet>`, ... */
  from: string
  to: string
  /** The token's smallest unit; positive. */
  units: bigint
  reason: string
  /** Default: the database's clock. */
  at?: Date
}

/**
 * Moves units from one account to another, once per key: a repetition changes nothing and returns the first one's id.
 * Accounts named balance, income, commons, escrow, pledge, bond or owed (before the colon) cannot fall below zero;
 * money enters and leaves through others, such as `chain:deposits`, which may be negative.
 * Throws `insufficient-balance` and `transfer-differs` (the key was used for another transfer).
 */
export const transfer = async (tx: Db, move: Transfer): Promise<string> => {
  const { key, from, to, units, reason, at } = move
  if (units <= 0n || from === to)
    throw fault('transfer-invalid', `A transfer of ${units} units from ${from} to ${to} moves nothing.`, {
      fix: 'Move a positive amount between two accounts.',
      blame: 'ours',
    })
  return tx.tx(async tx => {
    const id = newId()
    const [written] = await tx.query<{ id: string }>(
      `insert into transfers (id, key, from_account, to_account, units, reason, at)
       values ($1, $2, $3, $4, $5, $6, coalesce($7, now())) on conflict (key) do nothing returning id`,
      [id, key, from, to, units, reason, at ?? null],
    )
    if (written === undefined) return sameAsBefore(tx, move)
    // Sorted, so that two transfers between the same accounts lock their balances in the same order.
    await tx.query(
      `insert into entries (transfer, account, units)
       select $1::uuid, account, units from (values ($2::text, -$4::bigint), ($3::text, $4::bigint)) side (account, units)
       order by account collate "C"`,
      [id, from, to, units],
    )
    return id
  })
}

const sameAsBefore = async (tx: Db, { key, from, to, units, reason }: Transfer): Promise<string> => {
  const [before] = await tx.query<{ id: string; same: boolean }>(
    `select id, (from_account, to_account, units, reason) = ($2::text, $3::text, $4::bigint, $5::text) as same
     from transfers where key = $1`,
    [key, from, to, units, reason],
  )
  if (before?.same === true) return before.id
  throw fault('transfer-differs', `The transfer key ${key} was used for another transfer.`, {
    fix: 'Use a key of its own for every transfer.',
    blame: 'ours',
  })
}

/** What an account holds, in units; zero for one never used. Negative only where money enters the network. */
export const signedBalance = async (db: Db, account: string): Promise<bigint> => {
  const [row] = await db.query<{ units: bigint }>('select units from balances where account = $1', [account])
  return row?.units ?? 0n
}

/** What an account holds, in units, for accounts that cannot be overdrawn. */
export const balance = async (db: Db, account: string): Promise<Units> =>
  asUnits(await signedBalance(db, account))

/** What the accounts of one kind hold, such as all `commons:`; ordered by name. */
export const balances = (db: Db, prefix: string): Promise<{ account: string; units: bigint }[]> =>
  db.query(
    'select account, units from balances where starts_with(account, $1) order by account collate "C"',
    [prefix],
  )

export interface StatementLine {
  transfer: string
  at: Date
  /** Signed: what the account gained. */
  units: bigint
  /** The account at the other end. */
  other: string
  reason: string
}

/** The newest lines of an account first, at most `limit`. */
export const statement = (db: Db, account: string, limit = 100): Promise<StatementLine[]> =>
  db.query<StatementLine>(
    `select t.id as transfer, t.at, e.units,
            case when t.from_account = $1 then t.to_account else t.from_account end as other, t.reason
     from entries e join transfers t on t.id = e.transfer
     where e.account = $1 order by t.at desc, t.id desc limit $2`,
    [account, limit],
  )

/**
 * Recomputes every balance from the entries and the sum over all of them, which is zero.
 * Returns the accounts whose kept balance differs, empty when the books are right.
 */
export const checkBooks = async (db: Db): Promise<{ sum: bigint; wrong: string[] }> => {
  const [total] = await db.query<{ sum: bigint }>(
    'select coalesce(sum(units), 0)::bigint as sum from balances',
  )
  const wrong = await db.query<{ account: string }>(
    `select coalesce(b.account, e.account) as account
     from balances b full join (select account, sum(units) as units from entries group by account) e using (account)
     where b.units is distinct from e.units order by 1`,
  )
  return { sum: total?.sum ?? 0n, wrong: wrong.map(row => row.account) }
}
