import { x402Facilitator } from '@x402/core/facilitator'
import { ExactEvmScheme } from '@x402/evm/exact/facilitator'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Listening, openServer } from '../server.ts'
import { sendCrowd } from './testing/crowd.ts'
import { type Buyer, openBooth, openBuyers, openMarket, PRICE, post } from './testing/market.ts'

let booth: Awaited<ReturnType<typeof openBooth>>
let outside: Listening
/** What the outside facilitator says of a settlement; null lets it do its work. */
let lie: object | null = null

beforeAll(async () => {
  booth = await openBooth()
  const network = `eip155:${(await booth.chain.status()).chainId}` as const
  const facilitator = new x402Facilitator().register(network, new ExactEvmScheme(booth.chain.paymentSigner))
  const app = new Hono()
  for (const act of ['verify', 'settle'] as const)
    app.post(`/${act}`, async c => {
      if (act === 'settle' && lie !== null) return c.json(lie)
      const { paymentPayload, paymentRequirements } = await c.req.json()
      return c.json(await facilitator[act](paymentPayload, paymentRequirements))
    })
  outside = await openServer(request => app.fetch(request), { port: 0 })
}, 30_000)
afterAll(async () => {
  await outside.close()
  await booth.close()
})

const ask = async (one: Buyer, url: string): Promise<Response> => {
  const market = await openMarket(booth.stage, booth.stage.network, { X402_FACILITATOR_URL: url })
  try {
    return await one.pay(`${market.url}ask`, post({ question: 'Why?' }))
  } finally {
    await market.close()
  }
}

test('an outside facilitator may verify and settle; the chain says whether it did', {
  timeout: 30_000,
}, async () => {
  const [one, two] = (await openBuyers(booth.chain, 2, PRICE)) as [Buyer, Buyer]
  expect((await ask(one, outside.url.slice(0, -1))).status).toBe(200)
  expect(await booth.chain.balance(one.address)).toBe(0n)
  const network = `eip155:${(await booth.chain.status()).chainId}`
  lie = { success: true, transaction: `0x${'1'.repeat(64)}`, network, payer: two.address }
  const answer = await ask(two, outside.url.slice(0, -1))
  expect(await answer.json()).toMatchObject({ code: 'payment-pending' })
  expect(answer.status).toBe(503)
  expect(await booth.stage.network.db.query('select 1 from answers where account_id is null')).toEqual([])
  expect(await booth.chain.balance(two.address)).toBe(PRICE)
})

test('an outside facilitator that cannot be reached is no fault of the payer', async () => {
  const [one] = (await openBuyers(booth.chain, 1, PRICE)) as [Buyer]
  const answer = await ask(one, 'http://127.0.0.1:9')
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ code: 'facilitator-failed', retry: true })
})

test('forty payers at once are all answered, and everything is exact to the unit', {
  timeout: 90_000,
}, async () => {
  expect(await sendCrowd(40)).toMatchObject({ buyers: 40, answered: 40, exact: true })
})
