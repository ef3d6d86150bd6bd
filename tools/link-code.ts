import { randomInt } from 'node:crypto'
import { sha256Hex } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { balance } from '../infra/money.ts'
import { forgetConversations } from './chats-forget.ts'
import type { Context } from './context.ts'
import { findAccount } from './find.ts'
import { earningsOf } from './person.ts'
import { record } from './record.ts'

/** 32 letters and digits without 0, 1, I and O: 8 of them are 40 bits, far beyond five tries an hour. */
const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const LENGTH = 8
const MINUTES = 10
const tries = { most: 5, seconds: 3600 }

const hashOf = (code: string): string => sha256Hex(`link-code/${code}`)

/**
 * Makes the account's one open code. A code is a secret: no call keeps it, so a repeated call makes another one and the one
 * before stops working.
 */
export const makeCode = async (context: Context, accountId: string) => {
  const code = Array.from({ length: LENGTH }, () => letters[randomInt(letters.length)]).join('')
  const expiresAt = new Date(context.clock.now().getTime() + MINUTES * 60_000)
  await context.db.query(
    `insert into link_codes (account_id, code_hash, expires_at) values ($1, $2, $3)
     on conflict (account_id) do update set code_hash = excluded.code_hash, expires_at = excluded.expires_at`,
    [accountId, hashOf(code), expiresAt],
  )
  const shown = `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`
  return { kind: 'code' as const, code: shown, minutes: MINUTES, expiresAt: expiresAt.toISOString() }
}

/** Joins all identities of an account to the account that made the code. */
export const enterCode = async (
  context: Context,
  accountId: string,
  given: string,
): Promise<LinkedAccount> => {
  const code = given.toUpperCase().replace(/[^0-9A-Z]/g, '')
  const done = await doneBefore(context, accountId)
  if (done !== null) return done
  await countTry(context, accountId)
  return context.commit(async tx => {
    const now = context.clock.now()
    const [made] = await tx.query<{ account_id: string }>(
      'delete from link_codes where code_hash = $1 and expires_at > $2 returning account_id',
      [hashOf(code), now],
    )
    if (made === undefined)
      throw fault('link-code-unknown', 'This code is not valid, or not any more.', {
        fix: `Make a new one with /link on the other platform, and type it here within ${MINUTES} minutes.`,
      })
    if (made.account_id === accountId)
      throw fault('link-self', 'This code was made by this very account.', {
        fix: 'Type it on the other platform.',
      })
    const other = await findAccount(tx, made.account_id)
    const folded = await unused(tx, accountId)
    // What the account before was asked is not answered for the other one.
    await forgetConversations(tx, accountId, { underWay: 'stays' })
    await tx.query(
      `update identities set home_id = case when $3 then home_id else coalesce(home_id, account_id) end, account_id = $2
       where account_id = $1`,
      [accountId, other.id, folded],
    )
    await tx.query('update outbox set account = $2 where account = $1 and sent_at is null', [
      accountId,
      other.id,
    ])
    await linkAccounts(context, tx, accountId, other.id, 'code')
    const { earned, claimed } = await earningsOf(tx, accountId)
    return {
      kind: 'account' as const,
      accountId: other.id,
      name: other.name,
      folded,
      leftBalanceUnits: (await balance(tx, `balance:${accountId}`)).toString(),
      leftClaimableUnits: (earned - claimed).toString(),
    }
  })
}

interface LinkedAccount {
  readonly kind: 'account'
  readonly accountId: string
  readonly name: string
  readonly folded: boolean
  readonly leftBalanceUnits: string
  readonly leftClaimableUnits: string
}

/**
 * What this very call returned when its caller was still another account: a surface that was killed after it calls again,
 * and by then speaks for the account that was linked to.
 */
const doneBefore = async ({ db, key }: Context, accountId: string): Promise<LinkedAccount | null> => {
  const [call] = await db.query<{ output: LinkedAccount }>(
    `select c.output from linked_accounts l join calls c on c.key = l.account_id::text || $2
     where l.linked_id = $1 and l.by = 'code' and c.output->>'accountId' = $1::text limit 1`,
    [accountId, key.slice(key.indexOf('/'))],
  )
  return call?.output ?? null
}

/** Notes that two accounts are one person's, for good: an unlink does not make them strangers. */
export const linkAccounts = async (
  context: Context,
  tx: Db,
  a: string,
  b: string,
  by: 'code' | 'wallet',
): Promise<void> => {
  const fresh = await tx.query<{ fresh: boolean }>(
    `insert into linked_accounts (account_id, linked_id, by, at) values ($1, $2, $3, $4) on conflict (account_id, linked_id)
     do update set at = excluded.at, by = excluded.by returning (xmax = 0) as fresh`,
    [a, b, by, context.clock.now()],
  )
  if (fresh[0]?.fresh === true) await record(context, tx, 'account.linked', b, { account: a })
}

/** Counted before the code is looked at and outside its transaction: a wrong code counts too. */
const countTry = (context: Context, accountId: string): Promise<void> =>
  context.db.tx(async tx => {
    const now = context.clock.now()
    const id = idFrom('link-try', context.key)
    await tx.query('select id from accounts where id = $1 for update', [accountId])
    const [made] = await tx.query<{ count: number }>(
      'select count(*)::int as count from link_tries where account_id = $1 and at > $2 and id <> $3',
      [accountId, new Date(now.getTime() - tries.seconds * 1000), id],
    )
    if ((made?.count ?? 0) >= tries.most)
      throw fault('link-tries', `You have typed ${tries.most} codes within an hour.`, {
        fix: 'Wait an hour, then make a new code.',
      })
    await tx.query(
      'insert into link_tries (id, account_id, at) values ($1, $2, $3) on conflict (id) do nothing',
      [id, accountId, now],
    )
  })

/** Whether nothing hangs on an account but the tokens that it started with. */
const unused = async (tx: Db, accountId: string): Promise<boolean> => {
  const [found] = await tx.query<{ unused: boolean }>(
    `select not exists (select from submissions where account_id = $1) and not exists (select from ballots where account_id = $1)
       and not exists (select from pledges where account_id = $1) and not exists (select from proposals where proposer_id = $1)
       and not exists (select from answers where account_id = $1) and not exists (select from payouts where account_id = $1)
       and not exists (select from wallets where account_id = $1 and linked_at is not null)
       and not exists (select from open_calls where caller->>'accountId' = $1::text)
       and not exists (select from entries where account in ('balance:' || $1::text, 'owed:' || $1::text)) as unused`,
    [accountId],
  )
  return found?.unused ?? false
}
