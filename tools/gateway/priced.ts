import type { Context } from 'hono'
import { fault } from '../../infra/errors.ts'
import type { Caller } from '../context.ts'
import type { Env, Gate } from './gate.ts'

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
  readonly key: string
}

/**
 * Serves a request that costs something: from the prepaid balance of the key's account, or, where nobody is known, by an
 * x402 payment that comes with it (402 and the terms without one). `work` calls its verb as `payer.caller` under
 * `payer.key`; where it throws, or its stream fails, what was paid goes back.
 */
export const priced = async (
  _gate: Gate,
  c: Context<Env>,
  _order: Order,
  work: (payer: Payer) => Promise<Response>,
): Promise<Response> => {
  const caller = c.get('caller')
  if (caller.accountId === null)
    throw fault('key-missing', 'This request costs something, and nobody pays for it.', {
      fix: 'Send an API key as a bearer token.',
    })
  return work({ caller, key: c.req.header('idempotency-key') ?? c.get('requestId') })
}
