import type { Db } from '../infra/db.ts'

/** An event of the ledger as everybody may see it. */
export interface PublicEvent {
  readonly seq: bigint
  readonly at: Date
  readonly kind: string
  /** Name of an account, or a role. */
  readonly actor: string
  readonly subject: string
  readonly hash: string
}

export interface WantedEvents {
  /** Events with greater numbers only. */
  readonly after: bigint
  /** Up to this number, included. */
  readonly upTo?: bigint | undefined
  /** Of these kinds; all where it is empty or left out. */
  readonly kinds?: readonly string[] | undefined
  readonly subject?: string | undefined
  /** Only what this account did, and what was done with its rows, answers, proposals or itself. */
  readonly about?: string | undefined
  readonly limit: number
}

const about = `(e.actor = $5 or e.subject = $5
  or exists (select from submissions where id::text = e.subject and account_id::text = $5)
  or exists (select from contributions where id::text = e.subject and account_id::text = $5)
  or exists (select from answers where id::text = e.subject and account_id::text = $5)
  or exists (select from proposals where id::text = e.subject and proposer_id::text = $5))`

/** The ledger's events after a number, oldest first. A number is taken when its event commits: none appears later below another. */
export const eventsAfter = (db: Db, wanted: WantedEvents): Promise<PublicEvent[]> =>
  db.query<PublicEvent>(
    `select e.seq, e.at, e.kind, coalesce(a.name, e.actor) as actor, e.subject, e.hash
     from events e left join accounts a on a.id::text = e.actor
     where e.seq > $1 and ($2::bigint is null or e.seq <= $2) and (cardinality($3::text[]) = 0 or e.kind = any($3))
       and ($4::text is null or e.subject = $4) and ($5::text is null or ${about})
     order by e.seq limit $6`,
    [
      wanted.after,
      wanted.upTo ?? null,
      [...(wanted.kinds ?? [])],
      wanted.subject ?? null,
      wanted.about ?? null,
      wanted.limit,
    ],
  )

/** The number of the newest event; 0 before the first. */
export const newestEvent = async (db: Db): Promise<bigint> => {
  const [head] = await db.query<{ seq: bigint }>('select seq from ledger_head')
  return head?.seq ?? 0n
}
