import { z } from 'zod'
import { balance, transfer } from '../infra/money.ts'
import { findAccount } from './find.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { tokens, unitsText } from './terms.ts'

/** Moves tokens from the caller's wallet to the treasury, where they are the prepaid balance that questions are paid from. */
export const deposit = verb({
  name: 'deposit',
  summary: 'Move tokens from your wallet to your prepaid balance.',
  who: ['member'],
  effect: 'money',
  input: z.object({ tokens }),
  output: z.object({ balanceUnits: unitsText, tx: z.string() }),
  cost: async (_network, _caller, { tokens: units }) => units,
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const { tx: hash } = await context.chain.deposit(context.key, {
      wallet: account.wallet,
      units: input.tokens,
    })
    return context.commit(async tx => {
      await transfer(tx, {
        key: context.key,
        from: 'chain:treasury',
        to: `balance:${account.id}`,
        units: input.tokens,
        reason: 'deposit',
        at: context.clock.now(),
      })
      await record(context, tx, 'balance.deposited', account.id, { units: input.tokens.toString(), tx: hash })
      return { balanceUnits: (await balance(tx, `balance:${account.id}`)).toString(), tx: hash }
    })
  },
})
