import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fault } from '../infra/errors.ts'
import type { Caller } from './context.ts'
import { beginCall, dropRefusedCall } from './open-calls.ts'
import { openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

let small: SmallNetwork
beforeAll(async () => {
  small = await openSmallNetwork()
})
afterAll(() => small.remove())

const caller: Caller = { role: 'member', accountId: null, surface: 'web' }
const callOf = (key: string, tokens: string) => ({
  key,
  verb: 'deposit',
  caller,
  input: { tokens },
  inputHash: tokens,
})
const openKeys = async (): Promise<string[]> =>
  (await small.network.db.query<{ key: string }>('select key from open_calls order by key')).map(
    row => row.key,
  )

describe('an open call', () => {
  it('may be begun again with its input, and refuses another input under its key', async () => {
    await beginCall(small.network, callOf('a', '1'))
    await beginCall(small.network, callOf('a', '1'))
    await expect(beginCall(small.network, callOf('a', '1000'))).rejects.toMatchObject({ code: 'key-reused' })
    expect(await openKeys()).toEqual(['a'])
  })

  it('is forgotten when a lease held by another stopped it, and kept when the chain may have taken it', async () => {
    const retry = { fix: 'Try again.', retry: true }
    await beginCall(small.network, callOf('b', '1'))
    await dropRefusedCall(small.network, 'b', fault('lease-held', 'Held.', retry))
    await dropRefusedCall(small.network, 'a', fault('chain-silent', 'Silent.', retry))
    expect(await openKeys()).toEqual(['a'])
  })
})
