import { randomBytes } from 'node:crypto'
import { sha256Hex } from '../../infra/canonical.ts'
import { contracts } from '../../infra/chain-contracts.ts'
import { authorize, openWallets, TOKEN_DOMAIN } from '../../infra/chain-wallets.ts'
import { ask } from '../ask.ts'
import {
  bookPayment,
  callKey,
  closeRefund,
  concludePayment,
  type Payment,
  storePayment,
} from '../gateway/x402/payments.ts'
import type { SampleNetwork } from './sample-network.ts'

const UNITS = 50_000n

/** An outside wallet pays twice: one question is answered, the other payment goes back; a third is still on its way. */
export const playPayments = async ({ network, as }: SampleNetwork): Promise<void> => {
  const { chain } = network
  const wallet = openWallets(randomBytes(32)).person(0)
  await chain.mint('mint/wallet', wallet.address, 3n * UNITS)
  const pay = async (): Promise<{ payment: Payment; tx: `0x${string}` }> => {
    const { chainId, time, addresses } = await chain.status()
    const [to, nonce] = [addresses.treasury, `0x${randomBytes(32).toString('hex')}` as const]
    const domain = { ...TOKEN_DOMAIN, chainId, verifyingContract: addresses.token }
    const validBefore = time + 300n
    const a = await authorize(wallet, domain, 'transfer', { to, units: UNITS, nonce, validBefore })
    const stored = await storePayment(
      network,
      { chainId, asset: addresses.token },
      {
        payer: wallet.address,
        nonce,
        units: UNITS,
        validBefore,
        proofHash: sha256Hex(nonce),
        requestHash: sha256Hex('request', nonce),
      },
    )
    const tx = await chain.paymentSigner.writeContract({
      address: addresses.token,
      abi: contracts.Token.abi,
      functionName: 'transferWithAuthorization',
      args: [wallet.address, to, UNITS, a.validAfter, validBefore, nonce, a.v, a.r, a.s],
    })
    return { payment: stored, tx }
  }
  const settle = async (): Promise<Payment> => {
    const { payment, tx } = await pay()
    return bookPayment(network, payment, { tx, by: 'node' })
  }
  const served = await settle()
  const question = { model: 'bee-help', question: 'And in autumn?' }
  await as(served.accountId as string)(ask, question, callKey(served.id))
  await concludePayment(network, served)
  const failed = await concludePayment(network, await settle())
  const back = await chain.payOut(`refund/${failed.id}`, { to: wallet.address, units: UNITS })
  await closeRefund(network, failed, back.tx)
  await pay()
}
