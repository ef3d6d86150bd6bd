import type { Context } from 'hono'
import { fault } from '../../infra/errors.ts'
import type { Caller } from '../context.ts'
import type { Env, Gate } from './gate.ts'
import { callKey, type Payment } from './x402/payments.ts'
import { type Offer, paidHeader, readOffer, refusal, type Terms, termsOf } from './x402/terms.ts'
import { openTill, type Till } from './x402/till.ts'

/** What a request costs before it is served. */
export interface Order {
  /** What the answer will cost, in the token's smallest unit; 0 is free. */
  readonly units: bigint
  /** For the payer's wallet to show. */
  readonly description: string
  /** SHA-256 of what is asked: one payment pays for one request. */
  readonly requestHash: string
}

/** On whose account a request is served, and under which idempotency key its verb is called. */
export interface Payer {
  readonly caller: Caller
  /** Where one request calls more than one verb, the further keys append `/…` to it. */
  readonly key: string
}

type Work = (payer: Payer) => Promise<Response>

/**
 * Serves a request that costs something: from the prepaid balance of the key's account, or, where nobody is known, by an
 * x402 payment that comes with it (402 and the terms without one). `work` calls its verb as `payer.caller` under
 * `payer.key`; where it throws, or its stream fails, what was paid and not spent goes back. Who has neither key nor price
 * to pay gets `key-missing`: an answer belongs to an account.
 */
export const priced = async (gate: Gate, c: Context<Env>, order: Order, work: Work): Promise<Response> => {
  const caller = c.get('caller')
  if (caller.role !== 'anyone')
    return work({ caller, key: c.req.header('idempotency-key') ?? c.get('requestId') })
  if (order.units === 0n)
    throw fault('key-missing', 'This request is free, and needs an account to be answered to.', {
      fix: 'Send an API key as a bearer token.',
    })
  const terms = await termsOf(gate.network, new URL(c.req.path, gate.address().url).href, order)
  const header = c.req.header('payment-signature')
  if (header === undefined) return refusal(terms)
  const offer = readOffer(header, terms)
  if (typeof offer === 'string') return refusal(terms, offer)
  const till = tillOf(gate)
  const done = await till.turn(offer)
  try {
    const taken = await till.take(offer, terms, order.requestHash)
    if ('payment' in taken) return await serve(till, c, { terms, offer, ...taken, work, done })
    done()
    return refusal(terms, taken.reason, taken.settled)
  } catch (error) {
    done()
    throw error
  }
}

interface Paid {
  readonly terms: Terms
  readonly offer: Offer
  readonly payment: Payment
  readonly work: Work
  done(): void
}

/** Runs the work on the payer's account, and ends the payment when the last byte of its answer has gone. */
const serve = async (till: Till, c: Context<Env>, paid: Paid): Promise<Response> => {
  const { payment, offer, done } = paid
  const header = paidHeader(paid.terms, offer.payer, payment.tx as `0x${string}`)
  // An error that the work throws is told by the route, with this header.
  c.header('payment-response', header)
  const caller: Caller = {
    role: 'member',
    accountId: payment.accountId,
    surface: c.get('caller').surface,
    requestId: c.get('requestId'),
  }
  const response = await paid.work({ caller, key: callKey(payment.id) }).catch(async error => {
    await till.conclude(payment)
    throw error
  })
  const headers = new Headers(response.headers)
  headers.set('payment-response', header)
  const { status, body } = response
  if (body !== null && headers.get('content-type')?.startsWith('text/event-stream') === true) {
    const ending = async (whole: boolean): Promise<void> => {
      // Who hangs up may come back for the answer; the sweep gives the payment back where nobody does.
      if (whole) await till.conclude(payment)
      done()
    }
    return new Response(watched(body, ending), { status, headers })
  }
  await till.conclude(payment)
  done()
  return new Response(body, { status, headers })
}

/** The same bytes; `ending` hears once that they ended or failed (`whole`), or that nobody wants them any more. */
const watched = (
  body: ReadableStream<Uint8Array>,
  ending: (whole: boolean) => Promise<void>,
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  // A cancel also ends the read that is under way.
  let over = false
  const end = async (whole: boolean): Promise<void> => {
    if (over) return
    over = true
    await ending(whole)
  }
  return new ReadableStream<Uint8Array>({
    pull: async controller => {
      const next = await reader.read().catch(async error => {
        await end(true)
        throw error
      })
      if (!next.done) return controller.enqueue(next.value)
      await end(true)
      controller.close()
    },
    cancel: async reason => {
      await end(false)
      await reader.cancel(reason)
    },
  })
}

const tills = new WeakMap<Gate, Till>()

/** The gate's till: one, so that repetitions of a payment find each other. */
export const tillOf = (gate: Gate): Till => {
  const known = tills.get(gate)
  if (known !== undefined) return known
  const opened = openTill(gate.network, gate.settings)
  tills.set(gate, opened)
  return opened
}
