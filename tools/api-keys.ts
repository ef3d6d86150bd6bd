import { randomBytes, randomInt } from 'node:crypto'
import { z } from 'zod'
import { sha256Hex } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import type { Scope } from './context.ts'
import { speakersFor } from './person.ts'

export const scopes = ['ask', 'read', 'write', 'money', 'vote'] as const satisfies readonly Scope[]

/** A budget's period: a day or a month of UTC, or all the key's life. */
export const budgetPeriods = ['day', 'month', 'ever'] as const
export type BudgetPeriod = (typeof budgetPeriods)[number]

export const keyLimits = {
  days: { default: 90, most: 365 },
  ratePerMinute: { default: 600, most: 60_000 },
  /** Minutes that a rotated secret may go on working. */
  overlapMinutes: 7 * 24 * 60,
  /** Keys of one account that work at the same time. */
  keys: 100,
} as const

/** A key as its text. */
export const keyText = (id: string, secret: string): string => `trib_${id}_${secret}`

/** Takes a key's text apart; null where it is none. */
export const parseKey = (text: string): { id: string; secret: string } | null => {
  const [, id, secret] = /^trib_([a-z0-9]{12})_([\w-]{43})$/.exec(text) ?? []
  return id === undefined || secret === undefined ? null : { id, secret }
}

/** 32 random bytes, and what is stored of them. A fast hash will do: nobody goes through 256 bits. */
export const newSecret = (): { secret: string; hash: string } => {
  const secret = randomBytes(32).toString('base64url')
  return { secret, hash: sha256Hex(secret) }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
export const newKeyId = (): string => Array.from({ length: 12 }, () => alphabet[randomInt(36)]).join('')

/** What `issue-key` and `rotate-key` return. The secret is in it once: what is stored of the call has null there. */
export const issuedKey = z.object({
  id: z.string(),
  name: z.string(),
  key: z.string().nullable(),
  scopes: z.array(z.enum(scopes)),
  expiresAt: z.string(),
  note: z.string(),
})

export const notes = {
  shown: 'Keep the key now: it is not shown again.',
  gone: 'The key was shown once. Make a new secret for it with rotate-key.',
} as const

interface OwnKey {
  readonly id: string
  readonly name: string
  readonly scopes: (typeof scopes)[number][]
  readonly expiresAt: Date
}

/**
 * A key that speaks for the account, locked. Throws `api-key-unknown`, also for the keys of others, and `wrong-state` for
 * one that was revoked.
 */
export const findOwnKey = async (tx: Db, accountId: string, id: string): Promise<OwnKey> => {
  const [key] = await tx.query<OwnKey & { revokedAt: Date | null }>(
    `select id, name, scopes, expires_at as "expiresAt", revoked_at as "revokedAt" from api_keys
     where id = $1 and account_id = any($2::uuid[]) for update`,
    [id, await speakersFor(tx, accountId)],
  )
  if (key === undefined)
    throw fault('api-key-unknown', 'You have no such API key.', { fix: 'Look at yours with /keys.' })
  if (key.revokedAt !== null)
    throw fault('wrong-state', 'This API key was revoked.', { fix: 'Issue a new one with /issue-key.' })
  return key
}
