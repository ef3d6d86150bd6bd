import type { SettleResponse } from '@x402/core/types'
import { sha256Hex } from '../../../infra/canonical.ts'
import { fault } from '../../../infra/errors.ts'
import type { Network } from '../../context.ts'
import type { GateSettings } from '../gate.ts'
import { type Facilitator, openFacilitator, PENDING } from './facilitator.ts'
import {
  bookPayment,
  closeRefund,
  concludePayment,
  dropPayment,
  findPayment,
  type Payment,
  storePayment,
  takeOpen,
  toRefund,
} from './payments.ts'
import type { Offer, Terms } from './terms.ts'
import { openTurns } from './turns.ts'

/** A payment that is in the books, or why it is not. */
export type Taken =
  | { readonly payment: Payment }
  | { readonly reason: string; readonly settled?: SettleResponse }

export interface Till {
  /** Waits until no other request with the same payment is under way; call what it returns when this one is over. */
  turn(offer: Offer): Promise<() => void>
  /** Settles and books a payment for a request, once; a repetition finds it. Throws what a repetition may mend. */
  take(offer: Offer, terms: Terms, requestHash: string): Promise<Taken>
  /** Ends a payment whose request is over: served, or given back. Where that fails now, the sweep does it. */
  conclude(payment: Payment): Promise<void>
  /** Finishes what was left behind: by requests that broke off and by a process that was killed. */
  sweep(): Promise<void>
  /** Resolves once nothing is being paid back. */
  idle(): Promise<void>
}

/** Seconds in which a request may be repeated before its payment goes back. */
export const REPEAT_SECONDS = 60

/** Where x402 payments are taken: the books and the chain of each are brought together here, in any order of failures. */
export const openTill = (network: Network, settings: Pick<GateSettings, 'X402_FACILITATOR_URL'>): Till => {
  const { db, chain, clock, log } = network
  const facilitator: Facilitator = openFacilitator(network, settings.X402_FACILITATOR_URL)
  const turns = openTurns()
  const nameOf = ({ payer, nonce }: Pick<Payment, 'payer' | 'nonce'>) => `${payer}/${nonce}`

  const settle = async (payment: Payment, offer: Offer, terms: Terms, fresh: boolean): Promise<Taken> => {
    const before = fresh ? null : await chain.paymentOf(payment)
    if (before !== null) return { payment: await bookPayment(network, payment, before) }
    const settled = await facilitator.settle(offer, terms)
    // What the facilitator says is not believed: the chain says whether it paid, also where somebody else was faster.
    const sent = await chain.paymentOf(payment)
    if (sent !== null) return { payment: await bookPayment(network, payment, sent) }
    if (!settled.success && settled.errorReason !== PENDING)
      return { reason: settled.errorReason ?? 'unexpected_settle_error', settled }
    throw fault('payment-pending', 'The payment is on its way to the chain.', {
      fix: 'Send the same request with the same payment again in a few seconds.',
      facts: { retryAfterSeconds: 5 },
      retry: true,
      blame: 'world',
    })
  }

  let refunding: Promise<void> = Promise.resolve()
  const payBack = async (): Promise<void> => {
    for (const payment of await toRefund(db))
      try {
        const units = payment.refundUnits as bigint
        const { tx } = await chain.payOut(`refund/${payment.id}`, { to: payment.payer, units })
        await closeRefund(network, payment, tx)
      } catch (error) {
        log.warn('payment.refund-waits', { payment: payment.id, error: error as Error })
      }
  }
  const startRefunds = (): Promise<void> => {
    refunding = refunding.then(payBack).catch(error => {
      log.warn('payment.refund-waits', { error: error as Error })
    })
    return refunding
  }

  const end = async (payment: Payment): Promise<void> => {
    const ended = await concludePayment(network, payment)
    if (ended.state === 'refunding') void startRefunds()
  }

  /** A payment that nobody waits for any more: what has paid is booked and given back, what can never pay is forgotten. */
  const finish = async (payment: Payment, time: bigint): Promise<void> => {
    if (payment.state === 'settled') return end(payment)
    const sent = await chain.paymentOf(payment)
    if (sent !== null) return end(await bookPayment(network, payment, sent))
    if (payment.validBefore <= time) await dropPayment(db, payment.id)
  }

  return {
    turn: offer => turns.take(nameOf(offer)),
    take: async (offer, terms, request) => {
      // The path and not the address: a node may be reached at another one after a restart.
      const requestHash = sha256Hex(new URL(terms.required.resource.url).pathname, request)
      const fresh = (await findPayment(db, terms.at, offer.payer, offer.nonce)) === undefined
      if (fresh) {
        const verified = await facilitator.verify(offer, terms)
        if (!verified.isValid) return { reason: verified.invalidReason ?? 'unexpected_verify_error' }
      }
      const payment = await storePayment(network, terms.at, { ...offer, requestHash })
      if (payment.proofHash !== offer.proofHash || payment.requestHash !== requestHash)
        return { reason: 'invalid_exact_evm_nonce_already_used' }
      if (payment.state === 'refunding' || payment.state === 'refunded') return { reason: 'payment_refunded' }
      return payment.state === 'stored' ? settle(payment, offer, terms, fresh) : { payment }
    },
    conclude: payment =>
      end(payment).catch(error => {
        log.warn('payment.waits', { payment: payment.id, error: error as Error })
      }),
    sweep: async () => {
      const now = clock.now()
      const open = await takeOpen(db, new Date(now.getTime() - REPEAT_SECONDS * 1000), now)
      const { time } = open.length === 0 ? { time: 0n } : await chain.paymentTerms()
      for (const payment of open) {
        if (turns.taken(nameOf(payment))) continue
        const done = await turns.take(nameOf(payment))
        try {
          await finish(payment, time)
        } catch (error) {
          log.warn('payment.waits', { payment: payment.id, error: error as Error })
        } finally {
          done()
        }
      }
      await startRefunds()
    },
    idle: () => refunding,
  }
}
