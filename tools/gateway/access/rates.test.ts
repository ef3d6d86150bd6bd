import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseKey } from '../../api-keys.ts'
import { type Doorway, openDoorway } from '../testing/doorway.ts'
import { openStage, type Stage } from '../testing/stage.ts'
import { networkOf } from './rates.ts'

let stage: Stage
let door: Doorway
beforeAll(async () => {
  stage = await openStage()
  door = await openDoorway(stage)
})
afterAll(async () => {
  await door.close()
  await stage.close()
})

const bearing = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })
const codeOf = ({ text }: { text: string }): string => JSON.parse(text).code

describe('rates', () => {
  it('are each key’s own', async () => {
    const [one, other] = [await stage.key({ ratePerMinute: 3 }), await stage.key({ ratePerMinute: 3 })]
    const got = []
    for (let sent = 0; sent < 4; sent++) got.push(await door.ask('/who', bearing(one)))
    expect(got.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    expect(got.map(({ headers }) => headers['ratelimit-remaining'])).toEqual(['2', '1', '0', '0'])
    expect(codeOf(got[3] ?? { text: '{}' })).toBe('rate-limited')
    expect(Number(got[3]?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await door.ask('/who', bearing(other))).status).toBe(200)
  })

  it('of nobody in particular are an address’s, wrong keys included, and a payment has its own', async () => {
    const narrow = await openDoorway(stage, { TRIBUTARY_ANONYMOUS_RATE: 3 })
    const statuses = []
    for (const options of [{}, bearing('trib_wrong'), {}, bearing('trib_wrong'), {}])
      statuses.push((await narrow.ask('/who', options)).status)
    expect(statuses).toEqual([200, 401, 200, 429, 429])
    // Without a proxy in front, the header is the sender's own invention.
    expect((await narrow.ask('/who', { headers: { 'x-forwarded-for': '9.9.9.9' } })).status).toBe(429)
    expect((await narrow.ask('/who', { headers: { 'payment-signature': 'x' } })).status).toBe(200)
    expect((await narrow.ask('/who', bearing(await stage.key()))).status).toBe(200)
    await narrow.close()
  })

  it('count a key that has expired', async () => {
    const narrow = await openDoorway(stage, { TRIBUTARY_ANONYMOUS_RATE: 1 })
    const key = await stage.key()
    await stage.network.db.query('update api_keys set expires_at = created_at where id = $1', [
      parseKey(key)?.id,
    ])
    const statuses = []
    for (let sent = 0; sent < 2; sent++) statuses.push((await narrow.ask('/who', bearing(key))).status)
    expect(statuses).toEqual([401, 429])
    await narrow.close()
  })

  it('behind a proxy follow the address that the proxy saw', async () => {
    const proxied = await openDoorway(
      stage,
      { TRIBUTARY_ANONYMOUS_RATE: 1 },
      { publicUrl: 'https://hive.example/' },
    )
    const from = (addresses: string) =>
      proxied.ask('/who', { headers: { host: 'hive.example', 'x-forwarded-for': addresses } })
    expect((await from('1.1.1.1')).status).toBe(200)
    expect((await from('7.7.7.7, 1.1.1.1')).status).toBe(429)
    expect((await from('2.2.2.2')).status).toBe(200)
    expect((await from('2001:db8::1')).status).toBe(200)
    expect((await from('2001:db8:0:0:ffff::2')).status).toBe(429)
    await proxied.close()
  })
})

it('an IPv6 address counts by its /64, an IPv4 one by itself', () => {
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2')
  expect(networkOf('2001:db8::6')).toBe('2001:db8:0:0')
  expect(networkOf('::1')).toBe('0:0:0:0')
  expect(networkOf('192.0.2.7')).toBe('192.0.2.7')
  expect(networkOf('::ffff:192.0.2.7')).toBe('::ffff:192.0.2.7')
})
