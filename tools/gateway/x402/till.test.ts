import { decodePaymentRequiredHeader, decodePaymentResponseHeader } from '@x402/core/http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Chain } from '../../../infra/chain.ts'
import { newId } from '../../../infra/ids.ts'
import { checkBooks, signedBalance } from '../../../infra/money.ts'
import { ids } from '../../testing/small-network.ts'
import { echo } from '../testing/scripted-engine.ts'
import {
  askTerms,
  type Buyer,
  type Forgery,
  type Market,
  openBooth,
  openBuyers,
  openMarket,
  PRICE,
  post,
  signOffer,
} from './testing/market.ts'

let booth: Awaited<ReturnType<typeof openBooth>>
let chain: Chain
let market: Market
let treasury: `0x${string}`
const question = { question: 'What is a nuc?' }

beforeAll(async () => {
  booth = await openBooth()
  chain = booth.chain
  market = await openMarket(booth.stage)
  treasury = (await chain.status()).addresses.treasury
}, 30_000)
afterEach(() => {
  booth.stage.script = echo
})
afterAll(async () => {
  await market.close()
  await booth.close()
})

const buyer = async (units = 10n * PRICE): Promise<Buyer> => {
  const [made] = await openBuyers(chain, 1, units)
  return made as Buyer
}
const query = <R extends object>(text: string, values: unknown[] = []): Promise<R[]> =>
  booth.stage.network.db.query<R>(text, values)
const payments = (payer: string) =>
  query<{ state: string; account_id: string; refund_tx: string | null; units: bigint }>(
    'select state, account_id, refund_tx, units from payments where payer = $1 order by stored_at',
    [payer],
  )
/** What the chain's treasury holds is what the books say came and went, besides the stage's own gift. */
const inBalance = async (): Promise<void> => {
  expect(await checkBooks(booth.stage.network.db)).toEqual({ sum: 0n, wrong: [] })
  const given = 1_000_000n
  const booked = -(await signedBalance(booth.stage.network.db, 'chain:treasury')) - given
  expect(await chain.balance(treasury)).toBe(booked)
}

test('who pays nothing is told the terms, in the header and in plain words', async () => {
  const answer = await fetch(`${market.url}ask`, post(question))
  expect(answer.status).toBe(402)
  const required = decodePaymentRequiredHeader(answer.headers.get('payment-required') ?? '')
  const { chainId, addresses } = await chain.status()
  expect(required).toMatchObject({
    x402Version: 2,
    resource: { url: `${market.url}ask`, description: 'One answer.' },
    accepts: [
      {
        scheme: 'exact',
        network: `eip155:${chainId}`,
        amount: PRICE.toString(),
        asset: addresses.token,
        payTo: addresses.treasury,
        extra: { name: 'Tributary Credit', version: '1' },
      },
    ],
  })
  expect(await answer.json()).toMatchObject({
    ...required,
    code: 'payment_required',
    message: 'This request costs something, and nobody pays for it.',
    fix: expect.stringContaining('0.05 tokens'),
  })
})

test('a payment by the protocol’s own client is answered, and is the epoch’s income', async () => {
  const { pay, address } = await buyer()
  const [income, held] = [await signedBalance(market.network.db, 'income:3'), await chain.balance(treasury)]
  const answer = await pay(`${market.url}ask`, post(question))
  expect(await answer.json()).toMatchObject({ answer: 'You asked: What is a nuc?', balanceUnits: '0' })
  const settled = decodePaymentResponseHeader(answer.headers.get('payment-response') ?? '')
  expect(settled).toMatchObject({ success: true, payer: address })
  expect(await chain.balance(address)).toBe(9n * PRICE)
  expect((await chain.balance(treasury)) - held).toBe(PRICE)
  expect((await signedBalance(market.network.db, 'income:3')) - income).toBe(PRICE)
  expect(await payments(address)).toMatchObject([{ state: 'served', units: PRICE }])
  const events = await query(`select kind, payload from events where payload ->> 'tx' = $1`, [
    settled.transaction,
  ])
  expect(events).toMatchObject([{ kind: 'payment.settled', payload: { units: PRICE.toString() } }])
  await inBalance()
})

test('a wallet has one account, opened by its first payment without the tokens that people start with', async () => {
  const { pay, address } = await buyer()
  for (const at of [1, 2]) await pay(`${market.url}ask`, post({ question: `Question ${at}?` }))
  const [first, second] = await payments(address)
  expect(first?.account_id).toBe(second?.account_id)
  expect(
    await query('select platform, subject from identities where account_id = $1', [first?.account_id]),
  ).toEqual([{ platform: 'wallet', subject: address }])
  const welcomes = await query('select 1 from chain_transactions where key = $1', [
    `welcome/${first?.account_id}`,
  ])
  expect(welcomes).toEqual([])
})

test('the wallet that a member linked pays as that member; after an unlink as one known to be the same person', async () => {
  const { pay, address } = await buyer()
  const at = market.network.clock.now()
  await query(
    `insert into wallets (id, account_id, address, message, expires_at, linked_at) values ($1, $2, $3, '', $4, $4)`,
    [newId(), ids.bob, address, at],
  )
  await pay(`${market.url}ask`, post(question))
  expect(await payments(address)).toMatchObject([{ account_id: ids.bob }])
  await query('update wallets set unlinked_at = $2 where address = $1', [address, at])
  await pay(`${market.url}ask`, post(question))
  const other = (await payments(address))[1]?.account_id
  expect(other).not.toBe(ids.bob)
  expect(
    await query('select by from linked_accounts where account_id = $1 and linked_id = $2', [other, ids.bob]),
  ).toEqual([{ by: 'wallet' }])
})

test('an account pays from its balance, and what is free needs one', async () => {
  const answer = await fetch(`${market.url}ask`, post(question, { account: ids.ann }))
  expect(await answer.json()).toMatchObject({ balanceUnits: (1_000_000n - PRICE).toString() })
  expect(answer.headers.get('payment-response')).toBeNull()
  expect((await fetch(`${market.url}free`, post({}))).status).toBe(401)
  expect((await fetch(`${market.url}free`, post({}, { account: ids.ann }))).status).toBe(200)
})

describe('a payment is refused by the protocol’s own reason, and nothing moves,', () => {
  const soon = Math.floor(Date.now() / 1000)
  const value = 'invalid_exact_evm_payload_authorization_value_mismatch'
  const stranger = `0x${'ab'.repeat(20)}` as const
  const cases: [string, string, Forgery][] = [
    ['for another chain', 'invalid_exact_evm_network_mismatch', { accepted: { network: 'eip155:1' } }],
    ['signed for another chain', 'invalid_exact_evm_signature', { domain: { chainId: 1 } }],
    ['under the price', value, { authorization: { value: (PRICE - 1n).toString() } }],
    ['over the price', value, { authorization: { value: (PRICE + 1n).toString() } }],
    ['to another receiver', 'invalid_exact_evm_recipient_mismatch', { authorization: { to: stranger } }],
    ['in another token', 'invalid_payment_requirements', { accepted: { asset: stranger } }],
    ['signed for another token', 'invalid_exact_evm_signature', { domain: { verifyingContract: stranger } }],
    [
      'that has expired',
      'invalid_exact_evm_payload_authorization_valid_before',
      { authorization: { validBefore: String(soon - 1) } },
    ],
    [
      'that is not valid yet',
      'invalid_exact_evm_payload_authorization_valid_after',
      { authorization: { validAfter: String(soon + 3600) } },
    ],
    ['with a signature of nobody', 'invalid_exact_evm_signature', { signature: `0x${'11'.repeat(65)}` }],
    ['of another wallet', 'invalid_exact_evm_signature', { authorization: { from: stranger } }],
    ['by another scheme', 'unsupported_scheme', { accepted: { scheme: 'upto' } }],
    ['of an earlier protocol', 'invalid_x402_version', { x402Version: 1 }],
  ]
  let funded: Buyer
  beforeAll(async () => {
    funded = await buyer()
  })
  const refused = async (who: Buyer, headers: Record<string, string>, reason: string): Promise<void> => {
    const before = await query('select count(*)::int as count from chain_transactions')
    const answer = await fetch(`${market.url}ask`, post(question, headers))
    expect(answer.status).toBe(402)
    expect(decodePaymentRequiredHeader(answer.headers.get('payment-required') ?? '').error).toBe(reason)
    expect(await query('select count(*)::int as count from chain_transactions')).toEqual(before)
    expect((await payments(who.address)).filter(({ state }) => state !== 'stored')).toEqual([])
  }

  test.each(cases)('%s', async (_, reason, forgery) => {
    const headers = await signOffer(funded, await askTerms(`${market.url}ask`, question), forgery)
    await refused(funded, headers, reason)
    expect(await chain.balance(funded.address)).toBe(10n * PRICE)
  })

  test('from a wallet that holds too little', async () => {
    const poor = await buyer(PRICE - 1n)
    const headers = await signOffer(poor, await askTerms(`${market.url}ask`, question))
    await refused(poor, headers, 'invalid_exact_evm_insufficient_balance')
  })

  test('that cannot be read', async () => {
    for (const header of ['', 'x', 'bm8=', Buffer.from('{"x402Version":2}').toString('base64')])
      await refused(funded, { 'payment-signature': header }, 'invalid_payload')
  })

  test('where two are signed over what one can pay: one is served', async () => {
    const once = await buyer(PRICE)
    const required = await askTerms(`${market.url}ask`, question)
    const answers = await Promise.all(
      [1, 2].map(async () => fetch(`${market.url}ask`, post(question, await signOffer(once, required)))),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 402])
    const poor = answers.find(({ status }) => status === 402)
    expect(await poor?.json()).toMatchObject({ error: 'invalid_exact_evm_insufficient_balance' })
    expect(await chain.balance(once.address)).toBe(0n)
    await inBalance()
  })
})

describe('the same payment', () => {
  test('twenty times at once is paid once and served once, to all of them', async () => {
    const one = await buyer()
    const headers = await signOffer(one, await askTerms(`${market.url}ask`, question))
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await fetch(`${market.url}ask`, post(question, headers))
        return ((await answer.json()) as { answerId: string }).answerId
      }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(await chain.balance(one.address)).toBe(9n * PRICE)
    expect(await query('select state from answers where id = $1', [answers[0]])).toEqual([
      { state: 'answered' },
    ])
    const [paid] = await payments(one.address)
    expect(await query('select 1 from answers where account_id = $1', [paid?.account_id])).toHaveLength(1)
    await inBalance()
  })

  test('while its request runs waits for it and gets its answer', async () => {
    const one = await buyer()
    const headers = await signOffer(one, await askTerms(`${market.url}ask`, question))
    const { promise: running, resolve: runs } = Promise.withResolvers<void>()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    let asked = 0
    booth.stage.script = async () => {
      asked++
      runs()
      await released
      return 'once'
    }
    const first = fetch(`${market.url}ask`, post(question, headers))
    await running
    const second = fetch(`${market.url}ask`, post(question, headers))
    release()
    expect(await (await second).json()).toEqual(await (await first).json())
    expect(asked).toBe(1)
  })

  test('for another request is refused, and leaves the first one’s answer', async () => {
    const one = await buyer()
    const headers = await signOffer(one, await askTerms(`${market.url}ask`, question))
    const first = await (await fetch(`${market.url}ask`, post(question, headers))).json()
    const other = await fetch(`${market.url}ask`, post({ question: 'Another?' }, headers))
    expect(other.status).toBe(402)
    expect(await other.json()).toMatchObject({ error: 'invalid_exact_evm_nonce_already_used' })
    expect(await (await fetch(`${market.url}ask`, post(question, headers))).json()).toEqual(first)
    expect(await chain.balance(one.address)).toBe(9n * PRICE)
  })
})
