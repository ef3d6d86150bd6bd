import { timingSafeEqual } from 'node:crypto'
import { sha256Hex } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { parseKey } from './api-keys.ts'
import type { Network, Scope } from './context.ts'
import { speaksFor } from './person.ts'

/** What holds of a key that was shown. */
export interface ApiKey {
  readonly id: string
  /** For whom it speaks now: the account may have been linked to another since the key was issued. */
  readonly accountId: string
  readonly scopes: readonly Scope[]
  readonly ratePerMinute: number
  readonly budgeted: boolean
}

interface Found extends ApiKey {
  readonly secretHash: string
  readonly earlierHash: string | null
  readonly earlierUntil: Date | null
  readonly expiresAt: Date
  readonly revokedAt: Date | null
  lastUsedAt: Date | null
}

/** How long a key that was looked up is taken for granted: a burst of requests costs one query. */
const KEPT_MS = 1000
const MOST_KEPT = 10_000
type Kept = Map<string, { at: number; found: Promise<Found | undefined> }>
const keptFor = new WeakMap<Db, Kept>()

/** Forgets what was looked up: a key that was rotated, revoked or erased is refused from now on in this process. */
export const forgetKeys = (db: Db): void => {
  keptFor.delete(db)
}

/**
 * Checks the text of a key. Throws `key-invalid` for one that is no key, unknown, revoked or of an account that is gone,
 * without saying which, and `key-expired`.
 */
export const checkKey = async (network: Network, text: string): Promise<ApiKey> => {
  const { id, secret } = parseKey(text) ?? {}
  const found = id === undefined ? undefined : await lookUp(network.db, id)
  const now = network.clock.now()
  if (found === undefined || secret === undefined || !holds(found, sha256Hex(secret), now))
    throw fault('key-invalid', 'This API key is not valid.', {
      fix: 'Check that it is whole, or issue a new one with issue-key.',
    })
  if (found.expiresAt <= now)
    throw fault('key-expired', 'This API key has expired.', { fix: 'Issue a new one with issue-key.' })
  await noteUse(network.db, found, now)
  return found
}

const holds = (found: Found, hash: string, now: Date): boolean => {
  const current = same(found.secretHash, hash)
  const earlier = found.earlierHash !== null && same(found.earlierHash, hash)
  const overlaps = found.earlierUntil !== null && found.earlierUntil > now
  return found.revokedAt === null && (current || (earlier && overlaps))
}

const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

const lookUp = (db: Db, id: string): Promise<Found | undefined> => {
  let kept = keptFor.get(db)
  // `forgetKeys` leaves a new map to come: what a query still under way brings goes into the forgotten one.
  if (kept === undefined || kept.size >= MOST_KEPT) {
    kept = new Map()
    keptFor.set(db, kept)
  }
  const last = kept.get(id)
  if (last !== undefined && performance.now() - last.at < KEPT_MS) return last.found
  const found = readKey(db, id)
  kept.set(id, { at: performance.now(), found })
  found.catch(() => kept.delete(id))
  return found
}

const readKey = async (db: Db, id: string): Promise<Found | undefined> => {
  const [key] = await db.query<Found>(
    `select id, account_id as "accountId", scopes, rate_per_minute as "ratePerMinute", budget_units is not null as budgeted,
       secret_hash as "secretHash", earlier_hash as "earlierHash", earlier_until as "earlierUntil", expires_at as "expiresAt",
       revoked_at as "revokedAt", last_used_at as "lastUsedAt" from api_keys where id = $1`,
    [id],
  )
  if (key === undefined) return undefined
  const accountId = await speaksFor(db, key.accountId)
  const [account] = await db.query('select id from accounts where id = $1 and erased_at is null', [accountId])
  return account === undefined ? undefined : { ...key, accountId }
}

/** To the minute: a write a request would be the dearest part of checking a key. */
const noteUse = async (db: Db, found: Found, now: Date): Promise<void> => {
  if (found.lastUsedAt !== null && now.getTime() - found.lastUsedAt.getTime() < 60_000) return
  found.lastUsedAt = now
  await db.query('update api_keys set last_used_at = $2 where id = $1', [found.id, now])
}
