import { z } from 'zod'
import { idFrom } from '../infra/ids.ts'
import { limits } from './limits.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/**
 * Opens the account of a person on a platform, once: the same platform and subject always give the same account.
 * On the embedded network a new account starts with some tokens in its custodial wallet.
 */
export const join = verb({
  name: 'join',
  summary: 'Open an account on this network.',
  who: ['anyone'],
  effect: 'write',
  input: z.object({
    name: z.string().trim().min(1).max(60),
    platform: z.string().min(1).max(20),
    subject: z.string().min(1).max(200),
  }),
  output: z.object({ accountId: z.string(), name: z.string(), address: z.string(), walletUnits: unitsText }),
  async run(context, input) {
    const { db, chain, clock } = context
    const id = idFrom('account', input.platform, input.subject)
    const account = await db.tx(async tx => {
      const [known] = await tx.query<{ name: string; wallet: number }>(
        'select name, wallet from accounts where id = $1',
        [id],
      )
      if (known !== undefined) return { ...known, fresh: false }
      const [made] = await tx.query<{ name: string; wallet: number }>(
        `insert into accounts (id, name, wallet, created_at) values ($1, $2, nextval('account_wallets'), $3) returning name, wallet`,
        [id, input.name, clock.now()],
      )
      await tx.query(
        'insert into identities (platform, subject, account_id, created_at) values ($1, $2, $3, $4)',
        [input.platform, input.subject, id, clock.now()],
      )
      await record(context, tx, 'account.opened', id, { platform: input.platform })
      return { name: made!.name, wallet: made!.wallet, fresh: true }
    })
    const address = chain.address(account.wallet)
    if ((await chain.status()).embedded) await chain.mint(`welcome/${id}`, address, limits.welcome)
    const units = await chain.balance(address)
    return context.commit(async () => ({
      accountId: id,
      name: account.name,
      address,
      walletUnits: units.toString(),
    }))
  },
})
