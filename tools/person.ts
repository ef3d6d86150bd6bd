import type { Db } from '../infra/db.ts'

/** Whether two accounts are known to be one person's, by every link ever made; every account is linked to itself. */
export type Linked = (a: string, b: string) => boolean

/** Joins pairs into groups: accounts linked over others are one person's too. */
export const linkedBy = (pairs: readonly (readonly [string, string])[]): Linked => {
  const above = new Map<string, string>()
  const headOf = (account: string): string => {
    let head = account
    for (let next = above.get(head); next !== undefined; next = above.get(head)) head = next
    return head
  }
  for (const [a, b] of pairs) {
    const [one, other] = [headOf(a), headOf(b)]
    if (one !== other) above.set(one, other)
  }
  return (a, b) => a === b || headOf(a) === headOf(b)
}

/** Which accounts are known to be one person's now. */
export const linkedAccounts = async (db: Db): Promise<Linked> => {
  const pairs = await db.query<{ a: string; b: string }>(
    'select account_id as a, linked_id as b from linked_accounts order by at, account_id, linked_id',
  )
  return linkedBy(pairs.map(({ a, b }) => [a, b] as const))
}

/**
 * The account that another one's identities speak for now: itself, or the one it was linked to by a code. For surfaces that
 * keep an account's id longer than a call, such as in a cookie.
 */
export const speaksFor = async (db: Db, accountId: string): Promise<string> => {
  const [link] = await db.query<{ id: string }>(
    `select linked_id as id from linked_accounts where account_id = $1 and by = 'code'
       and not exists (select from identities where account_id = $1) order by at desc limit 1`,
    [accountId],
  )
  return link?.id ?? accountId
}

/** The accounts that an account's person acts for: itself, and those that were linked to it and speak for it now. */
export const speakersFor = async (db: Db, accountId: string): Promise<string[]> => {
  const linked = await db.query<{ id: string }>(
    `select distinct account_id as id from linked_accounts where linked_id = $1 and by = 'code'`,
    [accountId],
  )
  const speakers = [accountId]
  for (const { id } of linked) if ((await speaksFor(db, id)) === accountId) speakers.push(id)
  return speakers
}

export interface Earnings {
  /** Of active epochs, all that ever was. */
  readonly earned: bigint
  /** Of epochs that are not active yet. */
  readonly pending: bigint
  readonly claimed: bigint
}

/** What an account has earned, in units; `earned - claimed` is to be claimed. */
export const earningsOf = async (db: Db, accountId: string): Promise<Earnings> => {
  const [sums] = await db.query<Earnings>(
    `select coalesce(sum(p.units) filter (where e.state = 'active'), 0)::bigint as earned,
       coalesce(sum(p.units) filter (where e.state <> 'active'), 0)::bigint as pending,
       (select coalesce(sum(units), 0)::bigint from claims where account_id = $1) as claimed
     from payouts p join epochs e on e.number = p.epoch where p.account_id = $1`,
    [accountId],
  )
  return sums ?? { earned: 0n, pending: 0n, claimed: 0n }
}

/** The outside wallet that an account's claims go on to; null where it has linked none. */
export const linkedWallet = async (db: Db, accountId: string): Promise<`0x${string}` | null> => {
  const [wallet] = await db.query<{ address: `0x${string}` }>(
    'select address from wallets where account_id = $1 and linked_at is not null and unlinked_at is null',
    [accountId],
  )
  return wallet?.address ?? null
}
