import { z } from 'zod'
import { checkedAddress } from '../infra/chain-wallet-proof.ts'
import { fault } from '../infra/errors.ts'
import { findAccount } from './find.ts'
import { enterCode, makeCode } from './link-code.ts'
import { linkWallet, walletMessage } from './link-wallet.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/**
 * Brings what is one person's together. Without an argument: a code to type on another platform. With such a code: the
 * caller's identities speak for the account that made it from now on. With the address of a wallet: a message to sign,
 * and with its signature, the wallet that claims are paid on to.
 * Throws `link-code-unknown`, `link-self`, `link-tries`, `wallet-message-unknown`, `wallet-signature`.
 */
export const link = verb({
  name: 'link',
  summary: 'Link another platform or a wallet of your own to your account.',
  who: ['member'],
  effect: 'vote',
  inPerson: true,
  input: z.object({
    with: z
      .string()
      .trim()
      .max(64)
      .optional()
      .describe('a code from another platform, or the address of a wallet; leave it out to get a code'),
    signature: z
      .string()
      .trim()
      .max(300)
      .optional()
      .describe('the wallet’s signature under the message that this command gave'),
  }),
  output: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('code'), code: z.string(), minutes: z.number(), expiresAt: z.string() }),
    z.object({
      kind: z.literal('account'),
      /** Whom the caller's identities speak for now. */
      accountId: z.string(),
      name: z.string(),
      /** True where the account they had was unused, so that nothing was left behind in it. */
      folded: z.boolean(),
      leftBalanceUnits: unitsText,
      leftClaimableUnits: unitsText,
    }),
    z.object({ kind: z.literal('message'), address: z.string(), message: z.string(), expiresAt: z.string() }),
    z.object({ kind: z.literal('wallet'), address: z.string() }),
  ]),
  async run(context, { with: given = '', signature }) {
    const account = await findAccount(context.db, context.caller.accountId)
    if (given === '') return makeCode(context, account.id)
    if (!/^0x/i.test(given)) return enterCode(context, account.id, given)
    const address = checkedAddress(given)
    if (address === null)
      throw fault('wallet-address', `"${given.slice(0, 50)}" is not the address of a wallet.`, {
        fix: 'Copy the whole address from your wallet: 0x and 40 digits.',
      })
    return signature === undefined
      ? walletMessage(context, account.id, address)
      : linkWallet(context, account.id, address, signature)
  },
})
