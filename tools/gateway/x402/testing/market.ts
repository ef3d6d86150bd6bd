import { randomBytes } from 'node:crypto'
import { decodePaymentRequiredHeader, encodePaymentSignatureHeader } from '@x402/core/http'
import type { PaymentPayload, PaymentRequired } from '@x402/core/types'
import { authorizationTypes } from '@x402/evm'
import { ExactEvmScheme } from '@x402/evm/exact/client'
import { wrapFetchWithPayment, x402Client } from '@x402/fetch'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { canonicalJson, sha256Hex } from '../../../../infra/canonical.ts'
import { type Chain, openChain } from '../../../../infra/chain.ts'
import { openWallets } from '../../../../infra/chain-wallets.ts'
import { networkClock } from '../../../../infra/clock.ts'
import { ask } from '../../../ask.ts'
import type { Network } from '../../../context.ts'
import { call } from '../../../registry.ts'
import { headersOf, problemOf, toldOf } from '../../faults.ts'
import type { Env, Gate } from '../../gate.ts'
import { type Order, priced, tillOf } from '../../priced.ts'
import { openServer } from '../../server.ts'
import { openStage, type Stage } from '../../testing/stage.ts'
import type { Till } from '../till.ts'

/** The price of a question to `bees`. */
export const PRICE = 50_000n

/** A wallet that the node has no key of. */
export interface Buyer {
  readonly wallet: ReturnType<ReturnType<typeof openWallets>['person']>
  readonly address: `0x${string}`
  /** `fetch` that pays by x402 where it is asked to. */
  readonly pay: (url: string, init?: RequestInit) => Promise<Response>
}

/** A gateway that sells one route, over a real database and a real embedded chain. */
export interface Market {
  readonly stage: Stage
  readonly network: Network
  readonly url: string
  readonly till: Till
  close(): Promise<void>
}

/** The small network of the stage with the embedded chain under it, and its time the machine's. */
export const openBooth = async (): Promise<{ stage: Stage; chain: Chain; close(): Promise<void> }> => {
  const stage = await openStage()
  const clock = networkClock()
  const { db, folder } = stage.network
  const chain = await openChain({ db, folder, clock })
  Object.assign(stage.network, { chain, clock })
  // The small network's people took their wallets without the sequence.
  await db.query(`select setval('account_wallets', 1000)`)
  return {
    stage,
    chain,
    close: async () => {
      await chain.close()
      await stage.close()
    },
  }
}

/** Opens the routes /ask and /stream over a network; one gate is one process' view of it. */
export const openMarket = async (
  stage: Stage,
  network: Network = stage.network,
  settings: Partial<Gate['settings']> = {},
): Promise<Market> => {
  const closing = new AbortController()
  const app = new Hono<Env>()
  const gate: Gate = {
    network,
    verbs: [ask],
    settings: { X402_FACILITATOR_URL: undefined, ...settings } as Gate['settings'],
    address: () => server,
    closing: closing.signal,
  }
  app.use(async (c, next) => {
    const accountId = c.req.header('account') ?? null
    c.set('requestId', sha256Hex(randomBytes(8)))
    c.set('caller', { role: accountId === null ? 'anyone' : 'member', accountId, surface: 'test' })
    await next()
  })
  const order = (input: object, units = PRICE): Order => ({
    units,
    description: 'One answer.',
    requestHash: sha256Hex(canonicalJson(input)),
  })
  app.post('/ask', async c => {
    const input = await c.req.json<{ question: string }>()
    return priced(gate, c, order(input), async ({ caller, key }) =>
      c.json(await call(network, caller, ask, { model: 'bees', ...input }, { key })),
    )
  })
  app.post('/free', c => priced(gate, c, order({}, 0n), async () => c.json({})))
  app.post('/stream', async c => {
    const input = await c.req.json<{ question: string }>()
    return priced(gate, c, order(input), async ({ caller, key }) =>
      streamSSE(c, async stream => {
        const leaving = new AbortController()
        stream.onAbort(() => leaving.abort())
        await stream.writeSSE({ data: 'begun' })
        const asked = call(
          network,
          caller,
          ask,
          { model: 'bees', ...input },
          { key, signal: leaving.signal },
        ).then(
          said => JSON.stringify(said),
          () => 'failed',
        )
        await stream.writeSSE({ data: await asked })
      }),
    )
  })
  app.onError((error, c) => {
    const told = toldOf(error, network.log, c.get('requestId'))
    return c.json(problemOf(told, c.get('requestId')), told.status as 500, headersOf(told))
  })
  const server = await openServer((request, bindings) => app.fetch(request, bindings), { port: 0 })
  return {
    stage,
    network,
    url: server.url,
    till: tillOf(gate),
    close: () => server.close(() => closing.abort()),
  }
}

/** Buyers with `units` of the token each; minted one after the other. */
export const openBuyers = async (chain: Chain, count: number, units: bigint): Promise<Buyer[]> => {
  const wallets = openWallets(randomBytes(32))
  const { chainId, addresses } = await chain.status()
  const network = `eip155:${chainId}` as const
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const wallet = wallets.person(at)
      if (units > 0n) await chain.mint(`mint/${wallet.address}`, wallet.address, units)
      const client = new x402Client()
        .register(network, new ExactEvmScheme(wallet))
        .setSpendControls({ allowedAssets: [{ network, asset: addresses.token }] })
      return { wallet, address: wallet.address, pay: wrapFetchWithPayment(fetch, client) }
    }),
  )
}

/** What a payer may sign otherwise than the terms say. */
export interface Forgery {
  readonly accepted?: Record<string, unknown>
  readonly authorization?: Record<string, string>
  readonly domain?: Record<string, unknown>
  readonly x402Version?: number
  readonly signature?: `0x${string}`
}

/** The header PAYMENT-SIGNATURE by which a buyer takes terms, or forges them; every one has a nonce of its own. */
export const signOffer = async (
  { wallet }: Buyer,
  required: PaymentRequired,
  forgery: Forgery = {},
): Promise<Record<string, string>> => {
  const terms = required.accepts[0] as PaymentRequired['accepts'][number]
  const now = Math.floor(Date.now() / 1000)
  const authorization = {
    from: wallet.address,
    to: terms.payTo,
    value: terms.amount,
    validAfter: String(now - 600),
    validBefore: String(now + terms.maxTimeoutSeconds),
    nonce: `0x${randomBytes(32).toString('hex')}`,
    ...forgery.authorization,
  }
  const domain = {
    name: 'Tributary Credit',
    version: '1',
    chainId: Number(terms.network.split(':')[1]),
    verifyingContract: terms.asset,
    ...forgery.domain,
  }
  const types = { TransferWithAuthorization: authorizationTypes.TransferWithAuthorization }
  const signed = { domain, types, primaryType: 'TransferWithAuthorization', message: authorization }
  const signature =
    forgery.signature ??
    (await wallet.signTypedData(signed as unknown as Parameters<typeof wallet.signTypedData>[0]))
  const payload = {
    x402Version: forgery.x402Version ?? 2,
    accepted: { ...terms, ...forgery.accepted },
    payload: { signature, authorization },
  }
  return { 'payment-signature': encodePaymentSignatureHeader(payload as PaymentPayload) }
}

/** The terms that a route tells who does not pay. */
export const askTerms = async (url: string, body: object): Promise<PaymentRequired> => {
  const { headers } = await fetch(url, post(body))
  return decodePaymentRequiredHeader(headers.get('payment-required') ?? '')
}

/** A POST of JSON. */
export const post = (body: object, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
})
