import type { Clock } from './clock.ts'
import type { Db } from './db.ts'
import { fault } from './errors.ts'
import { newId } from './ids.ts'

/** The right to be the only one at something, until `expires_at` or its release. */
export interface Lease {
  name: string
  owner: string
  seconds: number
}

/**
 * Takes a lease that is free or has run out; null where another holds it. One compare-and-set on a row, so it is right
 * on every engine: over the embedded one's socket advisory locks are granted to everybody.
 */
export const takeLease = async (
  db: Db,
  clock: Clock,
  name: string,
  seconds: number,
): Promise<Lease | null> => {
  const owner = newId()
  const now = clock.now()
  const taken = await db.query(
    `insert into leases (name, owner, expires_at, heartbeat_at) values ($1, $2, $3, $4)
     on conflict (name) do update set owner = excluded.owner, expires_at = excluded.expires_at, heartbeat_at = excluded.heartbeat_at
     where leases.expires_at <= $4 returning name`,
    [name, owner, new Date(now.getTime() + seconds * 1000), now],
  )
  return taken.length === 1 ? { name, owner, seconds } : null
}

/** Moves the end of a lease `seconds` ahead of now; false when somebody else took it after it had run out. */
export const renewLease = async (db: Db, clock: Clock, lease: Lease): Promise<boolean> => {
  const now = clock.now()
  const kept = await db.query(
    'update leases set expires_at = $3, heartbeat_at = $4 where name = $1 and owner = $2 returning name',
    [lease.name, lease.owner, new Date(now.getTime() + lease.seconds * 1000), now],
  )
  return kept.length === 1
}

/** Gives a lease back; nothing happens when it is not ours any more. */
export const dropLease = async (db: Db, lease: Lease): Promise<void> => {
  await db.query('delete from leases where name = $1 and owner = $2', [lease.name, lease.owner])
}

/** Forgets all leases. Only for a process that holds the data folder alone: what it finds there belonged to a killed one. */
export const clearLeases = async (db: Db): Promise<void> => {
  await db.query('delete from leases')
}

const leaseHeld = (name: string) =>
  fault('lease-held', `Something else is at work on ${name}.`, {
    fix: 'Try again in a moment.',
    facts: { name },
    retry: true,
    blame: 'world',
  })

// What this process holds of each database. The network's clock may jump ahead, past the end of a lease that is in use.
const heldHere = new WeakMap<Db, Set<string>>()

/**
 * Runs `work` while holding the lease `name`, renewed every third of `seconds`, and gives it back.
 * The signal aborts when the lease was lost (this process stood still for longer than `seconds`): stop writing then.
 * Throws `lease-held` (retry). Not inside a transaction: a lease is seen by others only once committed.
 */
export const withLease = async <T>(
  db: Db,
  clock: Clock,
  name: string,
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const held = heldHere.get(db) ?? new Set<string>()
  heldHere.set(db, held)
  if (held.has(name)) throw leaseHeld(name)
  held.add(name)
  try {
    const lease = await takeLease(db, clock, name, seconds)
    if (lease === null) throw leaseHeld(name)
    const lost = new AbortController()
    const timer = setInterval(
      () => {
        renewLease(db, clock, lease).then(
          kept => {
            if (!kept) lost.abort(leaseHeld(name))
          },
          // One failed renewal is not a lost lease; two more follow before it runs out.
          () => {},
        )
      },
      (seconds * 1000) / 3,
    )
    timer.unref()
    try {
      return await work(lost.signal)
    } finally {
      clearInterval(timer)
      await dropLease(db, lease)
    }
  } finally {
    held.delete(name)
  }
}
