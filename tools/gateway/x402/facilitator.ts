import { x402Facilitator } from '@x402/core/facilitator'
import { HTTPFacilitatorClient } from '@x402/core/http'
import { SettleError, type SettleResponse, VerifyError, type VerifyResponse } from '@x402/core/types'
import { ExactEvmScheme } from '@x402/evm/exact/facilitator'
import { fault } from '../../../infra/errors.ts'
import type { Network } from '../../context.ts'
import type { Offer, Terms } from './terms.ts'

/** Says whether a payment is good, and sends it to the chain. */
export interface Facilitator {
  verify(offer: Offer, terms: Terms): Promise<VerifyResponse>
  /** An answer without success may still have reached the chain: look there. Where nothing can be said it is `PENDING`. */
  settle(offer: Offer, terms: Terms): Promise<SettleResponse>
}

/** The protocol's reason of a settlement that may yet come. */
export const PENDING = 'settlement_pending'

type Asked = Pick<HTTPFacilitatorClient, 'verify' | 'settle'>

/**
 * The facilitator: the one at `url`, or, without it, the protocol's own in this process, whose transactions go through the
 * chain's journal. `verify` throws `facilitator-failed` (retry).
 */
export const openFacilitator = ({ chain }: Network, url: string | undefined): Facilitator => {
  const inside = new Map<string, Asked>()
  const outside = url === undefined ? undefined : new HTTPFacilitatorClient({ url })
  const askedFor = ({ network }: Terms): Asked => {
    if (outside !== undefined) return outside
    const known = inside.get(network)
    if (known !== undefined) return known
    const made = new x402Facilitator().register(network, new ExactEvmScheme(chain.paymentSigner))
    inside.set(network, made)
    return made
  }
  return {
    verify: (offer, terms) =>
      askedFor(terms)
        .verify(offer.payload, terms.requirements)
        .catch(cause => {
          if (cause instanceof VerifyError && cause.invalidReason !== undefined)
            return { isValid: false, invalidReason: cause.invalidReason }
          throw fault('facilitator-failed', 'The payment could not be checked.', {
            fix: 'Send the same request with the same payment again.',
            retry: true,
            blame: 'world',
            cause,
          })
        }),
    settle: (offer, terms) =>
      askedFor(terms)
        .settle(offer.payload, terms.requirements)
        .catch(cause => {
          const { network } = terms
          const errorReason =
            cause instanceof SettleError ? (cause.errorReason ?? 'unexpected_settle_error') : PENDING
          return { success: false, errorReason, transaction: '', network }
        }),
  }
}
