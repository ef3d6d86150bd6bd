import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Network } from './context.ts'
import { join } from './join.ts'
import { limits } from './limits.ts'
import { call } from './registry.ts'
import { anyone, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

let small: SmallNetwork
let network: Network
const minted: { key: string; units: bigint }[] = []
beforeAll(async () => {
  small = await openSmallNetwork()
  const chain = {
    ...small.network.chain,
    status: async () => ({ embedded: true }),
    mint: async (key: string, _: string, units: bigint) => {
      minted.push({ key, units })
      return { tx: '0x1' }
    },
  } as unknown as Network['chain']
  network = { ...small.network, chain }
  // Ann and Bob have wallets 1 and 2.
  await network.db.query(`select setval('account_wallets', 2)`)
})
afterAll(() => small.remove())

const enter = (subject: string, key?: string) =>
  call(
    network,
    anyone,
    join,
    { name: 'Cleo', platform: 'discord', subject },
    key === undefined ? {} : { key },
  )

it('the same person on a platform has one account, also where they join twice at once', async () => {
  const [one, two, three] = await Promise.all([enter('77'), enter('77'), enter('77')])
  expect(two.accountId).toBe(one.accountId)
  expect(three.accountId).toBe(one.accountId)
  expect((await enter('77')).accountId).toBe(one.accountId)
  const kept = await network.db.query(`select id from accounts where name = 'Cleo'`)
  expect(kept).toHaveLength(1)
  const opened = await network.db.query(`select from events where kind = 'account.opened' and subject = $1`, [
    one.accountId,
  ])
  expect(opened).toHaveLength(1)
})

it('an account’s id cannot be computed from whose it is: another network gives another', async () => {
  const here = await enter('78')
  const there = await openSmallNetwork()
  try {
    await there.network.db.query(`select setval('account_wallets', 2)`)
    const other = { ...there.network, chain: network.chain }
    const again = await call(other, anyone, join, { name: 'Cleo', platform: 'discord', subject: '78' })
    expect(again.accountId).not.toBe(here.accountId)
  } finally {
    await there.remove()
  }
})

it('a call made again returns what it returned, and the welcome is minted under one key an account', async () => {
  const first = await enter('79', 'k1')
  expect(await enter('79', 'k1')).toEqual(first)
  await enter('79')
  const keys = minted.filter(({ key }) => key === `welcome/${first.accountId}`)
  expect(keys.length).toBeGreaterThan(0)
  expect(keys.every(({ units }) => units === limits.welcome)).toBe(true)
  expect(new Set(minted.map(({ key }) => key)).size).toBe(
    (await network.db.query(`select from identities where platform = 'discord'`)).length + 1,
  )
})

it('a call killed after it opened the account finds that account again under the same key', async () => {
  const broken = {
    ...network,
    chain: { ...network.chain, balance: () => Promise.reject(new Error('killed')) },
  } as Network
  const input = { name: 'Dora', platform: 'telegram', subject: '5' }
  await expect(call(broken, anyone, join, input, { key: 'k2' })).rejects.toThrow('killed')
  const [made] = await network.db.query<{ id: string }>(`select id from accounts where name = 'Dora'`)
  expect((await call(network, anyone, join, input, { key: 'k2' })).accountId).toBe(made?.id)
})
