import { z } from 'zod'
import { idFrom } from '../infra/ids.ts'
import { withLease } from '../infra/leases.ts'
import { transfer } from '../infra/money.ts'
import { findAccount } from './find.ts'
import { linkedWallet } from './person.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { cumulativeLeaves, rewardsTree } from './rewards-tree.ts'
import { unitsText } from './terms.ts'

/**
 * Pays out what the caller has earned and not claimed yet, to their wallet; the node pays the gas. A leaf of the rewards
 * tree names its custodial wallet for life, so where the caller linked a wallet of their own the units go on to it in a
 * second transaction that the node relays. Nothing to claim is not an error.
 */
export const claim = verb({
  name: 'claim',
  summary: 'Have what you earned paid to your wallet.',
  who: ['member'],
  effect: 'money',
  input: z.object({}),
  output: z.object({
    units: unitsText,
    tx: z.string().nullable(),
    /** The linked wallet that they went on to, and how; null where they stay in the custodial one. */
    wallet: z.string().nullable(),
    walletTx: z.string().nullable(),
  }),
  async run(context) {
    const account = await findAccount(context.db, context.caller.accountId)
    return withLease(context.db, context.clock, `claim/${account.id}`, 60, async () => {
      const [epoch] = await context.db.query<{ number: number }>(
        `select number from epochs where state = 'active' order by number desc limit 1`,
      )
      const leaves = epoch === undefined ? [] : await cumulativeLeaves(context.db, epoch.number)
      const at = leaves.findIndex(leaf => leaf.accountId === account.id)
      const leaf = leaves[at]
      const [claimed] = await context.db.query<{ units: bigint }>(
        'select coalesce(max(cumulative_units), 0)::bigint as units from claims where account_id = $1',
        [account.id],
      )
      const units = (leaf?.cumulativeUnits ?? 0n) - (claimed?.units ?? 0n)
      if (leaf === undefined || epoch === undefined || units <= 0n)
        return context.commit(async () => ({ units: '0', tx: null, wallet: null, walletTx: null }))
      // The key names what is paid, not the call: two calls with different keys cannot pay the same units twice.
      const { tx: hash } = await context.chain.claim(`claim/${leaf.index}/${leaf.cumulativeUnits}`, {
        index: leaf.index,
        account: leaf.address,
        cumulativeUnits: leaf.cumulativeUnits,
        proof: rewardsTree(leaves)
          .proof(at)
          .map(node => `0x${Buffer.from(node).toString('hex')}` as const),
      })
      const id = idFrom('claim', account.id, leaf.cumulativeUnits.toString())
      const wallet = await linkedWallet(context.db, account.id)
      // The key names the claim and not the wallet: a call made again cannot send the same units to a second one.
      const forward =
        wallet === null
          ? null
          : await context.chain.transfer(`forward/${id}`, { wallet: account.wallet, to: wallet, units })
      return context.commit(async tx => {
        await tx.query(
          'insert into claims (id, account_id, epoch, units, cumulative_units, tx, claimed_at) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing',
          [id, account.id, epoch.number, units, leaf.cumulativeUnits, hash, context.clock.now()],
        )
        await transfer(tx, {
          key: `claim/${id}`,
          from: `owed:${account.id}`,
          to: 'chain:rewards',
          units,
          reason: 'claim',
          at: context.clock.now(),
        })
        await record(context, tx, 'payout.claimed', id, {
          account: account.id,
          units,
          cumulativeUnits: leaf.cumulativeUnits,
          tx: hash,
        })
        return { units: units.toString(), tx: hash, wallet, walletTx: forward?.tx ?? null }
      })
    })
  },
})
