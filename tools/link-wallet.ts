import { ownershipMessage, signedBy } from '../infra/chain-wallet-proof.ts'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import type { Context } from './context.ts'
import { linkAccounts } from './link-code.ts'
import { record } from './record.ts'

const MINUTES = 60

/** Makes the message whose signature proves that the wallet is the caller's. */
export const walletMessage = async (context: Context, accountId: string, address: `0x${string}`) => {
  const { chainId } = await context.chain.status()
  const id = idFrom('wallet', context.key)
  const issuedAt = context.clock.now()
  const expiresAt = new Date(issuedAt.getTime() + MINUTES * 60_000)
  const nonce = id.replaceAll('-', '')
  const message = ownershipMessage({ address, account: accountId, chainId, nonce, issuedAt, expiresAt })
  return context.commit(async tx => {
    await tx.query(
      'insert into wallets (id, account_id, address, message, expires_at) values ($1, $2, $3, $4, $5)',
      [id, accountId, address, message, expiresAt],
    )
    return { kind: 'message' as const, address, message, expiresAt: expiresAt.toISOString() }
  })
}

/** Links the wallet that signed the newest message for it, in place of an earlier one. */
export const linkWallet = async (
  context: Context,
  accountId: string,
  address: `0x${string}`,
  signature: string,
) => {
  const now = context.clock.now()
  const asked = await context.db.query<{ id: string; message: string }>(
    `select id, message from wallets where account_id = $1 and address = $2 and linked_at is null and expires_at > $3
     order by expires_at desc limit 5`,
    [accountId, address, now],
  )
  if (asked.length === 0)
    throw fault('wallet-message-unknown', 'No message waits for a signature of this wallet.', {
      fix: `Get one with /link ${address}, and sign it within ${MINUTES} minutes.`,
    })
  let signed: { id: string } | undefined
  for (const one of asked) if (await signedBy(address, one.message, signature)) signed ??= one
  if (signed === undefined)
    throw fault('wallet-signature', `This is not the signature of ${address} under its message.`, {
      fix: 'Sign the whole message as it stands, with the key of that very address; a contract’s wallet cannot be linked.',
    })
  return context.commit(async tx => {
    await tx.query(
      'update wallets set unlinked_at = $2 where account_id = $1 and linked_at is not null and unlinked_at is null',
      [accountId, now],
    )
    await tx.query('update wallets set linked_at = $2 where id = $1', [signed.id, now])
    await record(context, tx, 'wallet.linked', accountId, {})
    // One key is one person: their questions must not pay their own rows.
    const others = await tx.query<{ account_id: string }>(
      `select account_id from wallets where address = $1 and linked_at is not null and account_id <> $2
       union select account_id from identities where platform = 'wallet' and subject = $1 and account_id <> $2`,
      [address, accountId],
    )
    for (const other of others) await linkAccounts(context, tx, accountId, other.account_id, 'wallet')
    return { kind: 'wallet' as const, address }
  })
}
