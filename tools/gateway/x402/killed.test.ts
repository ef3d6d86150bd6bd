import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Chain } from '../../../infra/chain.ts'
import type { Database } from '../../../infra/db.ts'
import { fault } from '../../../infra/errors.ts'
import { checkBooks, signedBalance } from '../../../infra/money.ts'
import { ask } from '../../ask.ts'
import type { Network } from '../../context.ts'
import { finishOpenCalls } from '../../finish-calls.ts'
import { echo } from '../testing/scripted-engine.ts'
import { askTerms, openBooth, openBuyers, openMarket, PRICE, post, signOffer } from './testing/market.ts'

let booth: Awaited<ReturnType<typeof openBooth>>
let chain: Chain
let network: Network
const question = { question: 'What is a nuc?' }

beforeAll(async () => {
  booth = await openBooth()
  chain = booth.chain
  network = booth.stage.network
}, 30_000)
afterEach(() => {
  booth.stage.script = echo
})
afterAll(() => booth.close())

/** A process' view of the network that is killed before its `nth` step: from then on nothing it does has an effect. */
const mortal = (nth: number): { network: Network; died(): boolean } => {
  let steps = 0
  const killed = new Error('killed')
  const step =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (++steps >= nth) throw killed
      return work(...args)
    }
  const db = {
    ...network.db,
    query: step((text: string, values?: readonly unknown[]) => network.db.query(text, values)),
    tx: step((work: Parameters<Database['tx']>[0]) => network.db.tx(work)),
  } as unknown as Database
  const signer = chain.paymentSigner
  const view = {
    ...chain,
    paymentOf: step(chain.paymentOf),
    payOut: step(chain.payOut),
    paymentSigner: { ...signer, writeContract: step(signer.writeContract) },
  }
  return { network: { ...network, db, chain: view }, died: () => steps >= nth }
}

interface End {
  readonly state: string | undefined
  /** What the wallet holds less than before, units. */
  readonly paid: bigint
  readonly answered: number
}

/** One paid request to a process that is killed before its nth step; then another process, and `after` in it. */
const live = async (nth: number, after: 'repeats' | 'stays away'): Promise<{ died: boolean; end: End }> => {
  const [one] = await openBuyers(chain, 1, PRICE)
  if (one === undefined) throw new Error('There is no buyer.')
  const dying = mortal(nth)
  const first = await openMarket(booth.stage, dying.network)
  const second = await openMarket(booth.stage)
  try {
    const headers = await signOffer(one, await askTerms(`${second.url}ask`, question))
    await fetch(`${first.url}ask`, post(question, headers))
    await first.till.idle()
    const died = dying.died()
    // What a node does first when it starts: nobody would fetch an answer that it gave then.
    expect(await finishOpenCalls(network, [ask])).toBe(0)
    if (after === 'repeats') await fetch(`${second.url}ask`, post(question, headers))
    network.clock.offsetMs += 61_000
    await second.till.sweep()
    await second.till.sweep()
    const [payment] = await network.db.query<{ state: string; account_id: string }>(
      'select state, account_id from payments where payer = $1',
      [one.address],
    )
    const [answers] = await network.db.query<{ count: number }>(
      `select count(*)::int as count from answers where account_id = $1 and state = 'answered'`,
      [payment?.account_id ?? null],
    )
    const paid = PRICE - (await chain.balance(one.address))
    return { died, end: { state: payment?.state, paid, answered: answers?.count ?? 0 } }
  } finally {
    await first.close()
    await second.close()
  }
}

const booksHold = async (): Promise<void> => {
  const { treasury } = (await chain.status()).addresses
  expect(await checkBooks(network.db)).toEqual({ sum: 0n, wrong: [] })
  // The stage gave a million units that no chain ever held.
  expect(await chain.balance(treasury)).toBe(
    -(await signedBalance(network.db, 'chain:treasury')) - 1_000_000n,
  )
}

const served = { state: 'served', paid: PRICE, answered: 1 }
const refunded = { state: 'refunded', paid: 0n, answered: 0 }
const never = { state: undefined, paid: 0n, answered: 0 }
const unpaid = { state: 'stored', paid: 0n, answered: 0 }

test('killed before any step, a repeated request is paid once and answered once', {
  timeout: 60_000,
}, async () => {
  for (let nth = 1, died = true; died; nth++) {
    const lived = await live(nth, 'repeats')
    died = lived.died
    expect(lived.end, `killed before step ${nth}`).toEqual(served)
  }
  await booksHold()
})

test('killed before any step, a request that is not repeated is served or paid back, never neither', {
  timeout: 60_000,
}, async () => {
  const ends: (string | undefined)[] = []
  for (let nth = 1, died = true; died; nth++) {
    const { died: dead, end } = await live(nth, 'stays away')
    died = dead
    expect([served, refunded, never, unpaid], `killed before step ${nth}`).toContainEqual(end)
    ends.push(end.state)
  }
  expect(new Set(ends)).toEqual(new Set([undefined, 'stored', 'refunded', 'served']))
  await booksHold()
})

test('killed before any step of giving back, what was paid goes back once', { timeout: 60_000 }, async () => {
  booth.stage.script = () => {
    throw fault('engine-failed', 'It broke.', { fix: 'Ask again.' })
  }
  for (let nth = 4, died = true; died; nth++) {
    const lived = await live(nth, 'stays away')
    died = lived.died
    expect([refunded, never, unpaid], `killed before step ${nth}`).toContainEqual(lived.end)
  }
  await booksHold()
})
