import {
  decodePaymentSignatureHeader,
  encodePaymentRequiredHeader,
  encodePaymentResponseHeader,
} from '@x402/core/http'
import type { Network as Caip2, PaymentPayload, PaymentRequired, SettleResponse } from '@x402/core/types'
import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../../../infra/canonical.ts'
import { checkedAddress } from '../../../infra/chain-wallet-proof.ts'
import { formatUnits } from '../../../infra/units.ts'
import type { Network } from '../../context.ts'
import type { Order } from '../priced.ts'
import type { Place } from './payments.ts'

type Hex = `0x${string}`

/** What a request costs, as x402 tells it, and where its authorisation holds. */
export interface Terms {
  readonly at: Place
  readonly network: Caip2
  readonly units: bigint
  readonly payTo: Hex
  /** Unix seconds: of the chain, which may run ahead of the machine. */
  readonly chainTime: bigint
  readonly required: PaymentRequired
  readonly requirements: PaymentRequired['accepts'][number]
}

/** A payment that came with a request, in one spelling. */
export interface Offer {
  readonly payload: PaymentPayload
  readonly payer: Hex
  readonly nonce: Hex
  readonly units: bigint
  readonly validBefore: bigint
  readonly proofHash: string
}

/** Seconds that a payer has from the terms to the settlement: signing takes one, a queue of others some. */
const PAY_SECONDS = 300n

/** The terms of an order: `exact` in the network's token, to the treasury. */
export const termsOf = async ({ chain, clock }: Network, resource: string, order: Order): Promise<Terms> => {
  const { chainId, time, token, treasury, domain } = await chain.paymentTerms()
  // Clients count from their own clock, the token from the chain's: on the embedded chain that one may run ahead.
  const machine = BigInt(Math.floor((clock.now().getTime() - clock.offsetMs) / 1000))
  const ahead = time > machine ? time - machine : 0n
  const network = `eip155:${chainId}` as const
  const requirements = {
    scheme: 'exact',
    network,
    asset: token,
    amount: order.units.toString(),
    payTo: treasury,
    maxTimeoutSeconds: Number(PAY_SECONDS + ahead),
    extra: { ...domain },
  }
  return {
    at: { chainId, asset: token },
    network,
    units: order.units,
    payTo: treasury,
    chainTime: time,
    requirements,
    required: {
      x402Version: 2,
      resource: { url: resource, description: order.description, mimeType: 'application/json' },
      accepts: [requirements],
    },
  }
}

const hex = (digits: string) => z.string().regex(new RegExp(`^0x[0-9a-fA-F]${digits}$`))
const whole = z.string().regex(/^\d{1,78}$/)
const signed = z.looseObject({
  signature: hex('{2,4096}'),
  authorization: z.looseObject({
    from: hex('{40}'),
    to: hex('{40}'),
    value: whole,
    validAfter: whole,
    validBefore: whole,
    nonce: hex('{64}'),
  }),
})
const envelope = z.looseObject({
  x402Version: z.number(),
  accepted: z.looseObject({ scheme: z.string(), network: z.string(), asset: z.string() }),
  payload: z.looseObject({}),
})
/** The most that the database holds; nothing that valid is ever near it. */
const FAR = 2n ** 62n

/** Reads the header PAYMENT-SIGNATURE against the terms; a text is the protocol's reason why it cannot be one. */
export const readOffer = (header: string, terms: Terms): Offer | string => {
  let payload: unknown
  try {
    payload = decodePaymentSignatureHeader(header)
  } catch {
    return 'invalid_payload'
  }
  const read = envelope.safeParse(payload)
  if (!read.success) return 'invalid_payload'
  const { x402Version, accepted } = read.data
  if (x402Version !== 2) return 'invalid_x402_version'
  if (accepted.scheme !== 'exact') return 'unsupported_scheme'
  if (accepted.network !== terms.network) return 'invalid_exact_evm_network_mismatch'
  if (checkedAddress(accepted.asset) !== terms.at.asset) return 'invalid_payment_requirements'
  if (!('authorization' in read.data.payload)) return 'unsupported_payload_type'
  const proof = signed.safeParse(read.data.payload)
  const payer = checkedAddress(proof.data?.authorization.from ?? '')
  if (!proof.success || payer === null) return 'invalid_payload'
  const { validBefore, nonce, value } = proof.data.authorization
  // The facilitator looks at the machine's clock, the token at the chain's.
  if (BigInt(validBefore) <= terms.chainTime) return 'invalid_exact_evm_payload_authorization_valid_before'
  const until = BigInt(validBefore)
  return {
    payload: payload as PaymentPayload,
    payer,
    nonce: nonce.toLowerCase() as Hex,
    units: BigInt(value),
    validBefore: until < FAR ? until : FAR,
    proofHash: sha256Hex(canonicalJson(proof.data)),
  }
}

const told: Readonly<Record<string, string>> = {
  payment_required: 'This request costs something, and nobody pays for it.',
  invalid_exact_evm_insufficient_balance: 'The wallet holds less than the price.',
  invalid_exact_evm_nonce_already_used: 'This payment was used before, for another request.',
  payment_refunded: 'This payment was paid back, because its request failed.',
  invalid_exact_evm_payload_authorization_valid_before: 'The authorisation has expired, or is about to.',
  invalid_exact_evm_network_mismatch: 'The payment is for another chain.',
}

/** The answer 402: the terms in the header and the body, the reason where a payment was refused, and what to do. */
export const refusal = (terms: Terms, reason?: string, settled?: SettleResponse): Response => {
  const error =
    reason === 'payment_refunded'
      ? 'invalid_exact_evm_nonce_already_used'
      : (reason ?? 'PAYMENT-SIGNATURE header is required')
  const required: PaymentRequired = { ...terms.required, error }
  const body = {
    ...required,
    code: reason ?? 'payment_required',
    message: told[reason ?? 'payment_required'] ?? `The payment was refused: ${reason}.`,
    fix: `Sign ${formatUnits(terms.units)} tokens to the treasury by the terms in PAYMENT-REQUIRED and repeat the request with PAYMENT-SIGNATURE, or send an API key as a bearer token.`,
  }
  return new Response(JSON.stringify(body), {
    status: 402,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'payment-required': encodePaymentRequiredHeader(required),
      ...(settled === undefined ? {} : { 'payment-response': encodePaymentResponseHeader(settled) }),
    },
  })
}

/** The header PAYMENT-RESPONSE of a request that was paid for. */
export const paidHeader = (terms: Terms, payer: Hex, tx: Hex): string =>
  encodePaymentResponseHeader({ success: true, transaction: tx, network: terms.network, payer })
