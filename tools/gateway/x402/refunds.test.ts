import { decodePaymentResponseHeader } from '@x402/core/http'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Chain } from '../../../infra/chain.ts'
import { fault } from '../../../infra/errors.ts'
import { checkBooks, signedBalance } from '../../../infra/money.ts'
import type { Gate } from '../gate.ts'
import { echo } from '../testing/scripted-engine.ts'
import { takeOpen } from './payments.ts'
import {
  askTerms,
  type Buyer,
  type Market,
  openBooth,
  openBuyers,
  openMarket,
  PRICE,
  post,
  signOffer,
} from './testing/market.ts'
import { startPayments } from './watch.ts'

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
const later = async (market: Market): Promise<void> => {
  market.network.clock.offsetMs += 61_000
  await market.till.sweep()
  await market.till.idle()
}
/** What the chain's treasury holds is what the books say came and went, besides the stage's own gift. */
const inBalance = async (): Promise<void> => {
  expect(await checkBooks(booth.stage.network.db)).toEqual({ sum: 0n, wrong: [] })
  const given = 1_000_000n
  const booked = -(await signedBalance(booth.stage.network.db, 'chain:treasury')) - given
  expect(await chain.balance(treasury)).toBe(booked)
}

describe('what was paid goes back on chain', () => {
  const paidBack = async (who: Buyer, answer: Response): Promise<void> => {
    expect(decodePaymentResponseHeader(answer.headers.get('payment-response') ?? '').success).toBe(true)
    await market.till.idle()
    expect(await chain.balance(who.address)).toBe(10n * PRICE)
    const [payment] = await payments(who.address)
    expect(payment?.state).toBe('refunded')
    const events = await query<{ kind: string }>(
      `select kind from events where payload ->> 'account' = $1 order by seq`,
      [payment?.account_id],
    )
    expect(events.map(({ kind }) => kind)).toEqual(['payment.settled', 'payment.refunded'])
    await inBalance()
  }

  test('when the model fails, once', async () => {
    const one = await buyer()
    booth.stage.script = () => {
      throw fault('queue-full', 'Too many wait.', { fix: 'Come back.', blame: 'world', retry: true })
    }
    const headers = await signOffer(one, await askTerms(`${market.url}ask`, question))
    const answer = await fetch(`${market.url}ask`, post(question, headers))
    expect(answer.status).toBe(503)
    await paidBack(one, answer)
    booth.stage.script = echo
    const again = await fetch(`${market.url}ask`, post(question, headers))
    expect(await again.json()).toMatchObject({
      error: 'invalid_exact_evm_nonce_already_used',
      code: 'payment_refunded',
    })
    await later(market)
    expect(await chain.balance(one.address)).toBe(10n * PRICE)
  })

  test('when the epoch is settled while the model writes', async () => {
    const one = await buyer()
    const { db } = market.network
    booth.stage.script = async () => {
      // As the settlement does to what it finds unanswered.
      const [open] = await query<{ id: string }>(
        `update answers set state = 'refunded' where state = 'paid' returning id`,
      )
      const [paid] = await query<{ account_id: string }>('select account_id from answers where id = $1', [
        open?.id,
      ])
      const { transfer } = await import('../../../infra/money.ts')
      await transfer(db, {
        key: `refund/${open?.id}`,
        from: 'income:3',
        to: `balance:${paid?.account_id}`,
        units: PRICE,
        reason: 'refund',
      })
      return 'late'
    }
    const answer = await one.pay(`${market.url}ask`, post(question))
    expect(answer.status).toBe(409)
    await paidBack(one, answer)
  })

  test('when a stream ends without an answer, and not when it ends with one', async () => {
    const [one, two] = [await buyer(), await buyer()]
    const whole = await one.pay(`${market.url}stream`, post(question))
    expect(await whole.text()).toContain('You asked')
    expect(await payments(one.address)).toMatchObject([{ state: 'served' }])
    booth.stage.script = () => {
      throw fault('engine-failed', 'It broke.', { fix: 'Ask again.' })
    }
    const broken = await two.pay(`${market.url}stream`, post(question))
    expect(await broken.text()).toContain('failed')
    await paidBack(two, broken)
  })

  test('when the asker hangs up and does not come back within a minute', async () => {
    const one = await buyer()
    const { promise: running, resolve: runs } = Promise.withResolvers<void>()
    const { promise: left, resolve: leaves } = Promise.withResolvers<void>()
    booth.stage.script = ({ signal }) => {
      runs()
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => {
          leaves()
          reject(fault('cancelled', 'The answer was cancelled.', { fix: 'Ask again.' }))
        }),
      )
    }
    const answer = await one.pay(`${market.url}stream`, post(question))
    await running
    await answer.body?.cancel()
    await left
    await market.till.sweep()
    expect(await payments(one.address)).toMatchObject([{ state: 'settled' }])
    await later(market)
    await paidBack(one, answer)
  })

  test('when the chain was away at first, as soon as it is back', async () => {
    const one = await buyer()
    const { payOut } = chain
    const away = fault('chain-unreachable', 'No answer.', { fix: 'Wait.', retry: true, blame: 'world' })
    Object.assign(chain, { payOut: () => Promise.reject(away) })
    booth.stage.script = () => {
      throw fault('engine-failed', 'It broke.', { fix: 'Ask again.' })
    }
    const answer = await one.pay(`${market.url}ask`, post(question))
    await market.till.idle()
    expect(await payments(one.address)).toMatchObject([{ state: 'refunding', refund_tx: null }])
    Object.assign(chain, { payOut })
    // Another process finds it as it starts, and looks until its node closes.
    const closing = new AbortController()
    const { network } = market
    const gate = { network, settings: {}, closing: closing.signal } as Gate
    const watching = startPayments(gate)
    await expect.poll(async () => (await payments(one.address))[0]?.state).toBe('refunded')
    closing.abort()
    await watching
    await paidBack(one, answer)
  })
})

test('payments that cannot end yet never keep the sweep from the others', async () => {
  const { db, clock } = booth.stage.network
  const now = clock.now()
  const insert = (count: number, payer: string, touched: Date) =>
    query(
      `insert into payments (id, chain_id, asset, payer, nonce, units, valid_before, proof_hash, request_hash, stored_at, touched_at)
       select gen_random_uuid(), 1, 'token', $2, n::text, 1, 1, '', '', $3, $3 from generate_series(1, $1::int) n`,
      [count, payer, touched],
    )
  await insert(1_000, 'stuck', new Date(0))
  await insert(1, 'other', new Date(1))
  expect(new Set((await takeOpen(db, new Date(1), now)).map(({ payer }) => payer))).toEqual(
    new Set(['stuck']),
  )
  expect((await takeOpen(db, new Date(1), now)).map(({ payer }) => payer)).toEqual(['other'])
  await query(`delete from payments where asset = 'token'`)
})
