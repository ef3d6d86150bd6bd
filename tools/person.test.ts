import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Context } from './context.ts'
import { linkAccounts } from './link-code.ts'
import { paymentOf } from './payment.ts'
import { earningsOf, linkedBy } from './person.ts'
import { as, ids, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

let small: SmallNetwork
beforeAll(async () => {
  small = await openSmallNetwork()
})
afterAll(() => small.remove())

describe('linked accounts', () => {
  it('are one person’s over any number of links and in both directions', () => {
    const linked = linkedBy([
      ['a', 'b'],
      ['c', 'd'],
      ['b', 'c'],
      ['d', 'a'],
    ])
    for (const one of 'abcd') for (const other of 'abcd') expect(linked(one, other)).toBe(true)
    expect(linked('a', 'x')).toBe(false)
    expect(linked('x', 'x')).toBe(true)
  })

  it('do not pay each other: a question of one earns nothing for the rows of the other', async () => {
    const measured = {
      tokens: 10,
      nats: { unigram: 40, base: 30, adapter: 5 },
      influence: new Float64Array([2, 1]),
    }
    const network = { ...small.network, blobs: {} } as never
    const before = await paymentOf(network, ids.answer, measured)
    expect(before.shares.map(({ account }) => account)).toEqual([ids.bob])
    await small.network.db.tx(tx =>
      linkAccounts({ ...small.network, caller: as(ids.bob) } as Context, tx, ids.bob, ids.ann, 'code'),
    )
    const after = await paymentOf(network, ids.answer, measured)
    expect(after.shares.filter(({ share }) => share > 0)).toEqual([])
  })
})

describe('earnings', () => {
  it('count active epochs as earned and others as pending', async () => {
    expect(await earningsOf(small.network.db, ids.bob)).toEqual({
      earned: 30_000n,
      pending: 12_000n,
      claimed: 20_000n,
    })
    expect(await earningsOf(small.network.db, ids.ann)).toEqual({ earned: 0n, pending: 0n, claimed: 0n })
  })
})
