import { z } from 'zod'
import type { Db } from '../infra/db.ts'
import { newId } from '../infra/ids.ts'
import type { Context } from './context.ts'
import { limits } from './limits.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/**
 * Opens the account of a person on a platform, once: the same platform and subject always give the same account, or the
 * one that it was linked to. The account's id is random, since it stands in public events: nobody can go through the
 * subjects of a platform to find out whose it is. On the embedded network a new account starts with some tokens.
 */
export const join = verb({
  name: 'join',
  summary: 'Open an account on this network.',
  who: ['anyone'],
  effect: 'write',
  bySurface: true,
  input: z.object({
    name: z.string().trim().min(1).max(60),
    platform: z.string().min(1).max(20),
    subject: z.string().min(1).max(200),
  }),
  output: z.object({ accountId: z.string(), name: z.string(), address: z.string(), walletUnits: unitsText }),
  async run(context, input) {
    const { db, chain } = context
    const account = await db.tx(async tx => (await known(tx, input)) ?? (await open(context, tx, input)))
    const address = chain.address(account.wallet)
    if ((await chain.status()).embedded) await chain.mint(`welcome/${account.id}`, address, limits.welcome)
    const units = await chain.balance(address)
    return context.commit(async () => ({
      accountId: account.id,
      name: account.name,
      address,
      walletUnits: units.toString(),
    }))
  },
})

interface Identity {
  readonly platform: string
  readonly subject: string
}

interface Joined {
  readonly id: string
  readonly name: string
  readonly wallet: number
}

const known = async (tx: Db, { platform, subject }: Identity): Promise<Joined | undefined> => {
  const [account] = await tx.query<Joined>(
    `select a.id, a.name, a.wallet from identities i join accounts a on a.id = i.account_id
     where i.platform = $1 and i.subject = $2`,
    [platform, subject],
  )
  return account
}

const open = async (context: Context, tx: Db, input: Identity & { name: string }): Promise<Joined> => {
  const now = context.clock.now()
  const [made] = await tx.query<Joined>(
    `insert into accounts (id, name, wallet, created_at) values ($1, $2, nextval('account_wallets'), $3) returning id, name, wallet`,
    [newId(), input.name, now],
  )
  const first = await tx.query(
    `insert into identities (platform, subject, account_id, created_at) values ($1, $2, $3, $4)
     on conflict do nothing returning account_id`,
    [input.platform, input.subject, made!.id, now],
  )
  if (first.length === 1) {
    await record(context, tx, 'account.opened', made!.id, { platform: input.platform })
    return made!
  }
  // The same person joined at the same moment: that account stands, this one was never seen.
  await tx.query('delete from accounts where id = $1', [made!.id])
  return (await known(tx, input))!
}
