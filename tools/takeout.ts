import { z } from 'zod'
import { balance } from '../infra/money.ts'
import { findAccount } from './find.ts'
import { earningsOf } from './person.ts'
import { verb } from './registry.ts'
import { readTakeout } from './takeout-records.ts'

/**
 * Gives the caller everything that this node keeps of them, as one JSON file: account, identities, rows with their texts
 * and verdicts, votes, pledges, questions with both answers, feedback, shares, payouts, claims, notices, conversations.
 * What an earlier account of a linked identity holds is in that account's own takeout.
 */
export const takeout = verb({
  name: 'takeout',
  summary: 'Get everything of yours as one file.',
  who: ['member'],
  effect: 'read',
  input: z.object({}),
  output: z.object({
    name: z.string(),
    mediaType: z.literal('application/json'),
    /** JSON, indented: people read it. */
    text: z.string(),
    /** How many of each. */
    counts: z.record(z.string(), z.number()),
  }),
  async run({ db, chain, caller, clock }) {
    const account = await findAccount(db, caller.accountId)
    const address = chain.address(account.wallet)
    const { earned, pending, claimed } = await earningsOf(db, account.id)
    const lists = await db.tx(tx => readTakeout(tx, account.id))
    const at = clock.now().toISOString()
    const file = {
      format: 'tributary-takeout/1',
      at,
      units: 'amounts are in units, a millionth of a token',
      account: {
        id: account.id,
        name: account.name,
        wallet: address,
        walletUnits: await chain.balance(address),
        balanceUnits: await balance(db, `balance:${account.id}`),
        earnedUnits: earned,
        pendingUnits: pending,
        claimedUnits: claimed,
      },
      ...lists,
    }
    return {
      name: `tributary-${at.slice(0, 10)}.json`,
      mediaType: 'application/json' as const,
      text: `${JSON.stringify(file, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`,
      counts: Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.length])),
    }
  },
})
