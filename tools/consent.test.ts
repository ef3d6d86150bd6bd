import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consent } from './consent.ts'
import { consents } from './consents.ts'
import type { Network } from './context.ts'
import { contribute } from './contribute.ts'
import { call } from './registry.ts'
import { as, ids, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'
import { withdraw } from './withdraw.ts'

let small: SmallNetwork
let network: Network
beforeAll(async () => {
  small = await openSmallNetwork()
  network = {
    ...small.network,
    queue: { add: async () => null },
    receipts: { keyId: 'k', publicKey: 'k', sign: () => ({ receipt: '{}', signature: 's', keyId: 'k' }) },
  } as unknown as Network
  await network.db.query(`update proposals set state = 'gathering' where name = 'wasps'`)
})
afterAll(() => small.remove())

const rows = [{ question: 'Where do wasps nest?', answer: 'Often under a roof, in paper combs.' }]
const send = (more: object = {}) =>
  call(network, as(ids.bob), contribute, { proposal: 'wasps', rows, ...more })

describe('a standing consent', () => {
  it('is needed where the rows themselves say nothing of rights', async () => {
    await expect(send()).rejects.toMatchObject({ code: 'rights-missing' })
    expect(await send({ rights: true })).toMatchObject({
      proposal: 'wasps',
      licence: 'CC0-1.0',
      consented: false,
    })
  })

  it('is given with rights said, under a licence that the model takes', async () => {
    await expect(call(network, as(ids.bob), consent, { proposal: 'wasps' })).rejects.toMatchObject({
      code: 'rights-missing',
    })
    await expect(
      call(network, as(ids.bob), consent, { proposal: 'wasps', rights: true, licence: 'MIT' }),
    ).rejects.toMatchObject({ code: 'licence-refused' })
    expect(await call(network, as(ids.bob), consent, { proposal: 'wasps', rights: true })).toEqual({
      proposal: 'wasps',
      licence: 'CC0-1.0',
      revoked: false,
      rows: 1,
    })
  })

  it('covers the rows that follow, under its licence only, and nobody else’s', async () => {
    expect(await send()).toMatchObject({ licence: 'CC0-1.0', consented: true })
    await expect(send({ licence: 'MIT' })).rejects.toMatchObject({ code: 'rights-missing' })
    await expect(call(network, as(ids.ann), contribute, { proposal: 'wasps', rows })).rejects.toMatchObject({
      code: 'rights-missing',
    })
    expect(await call(network, as(ids.ann), consents, {})).toEqual({ consents: [] })
  })

  it('once revoked covers no new rows, is shown as revoked, and the old rows can be taken back together', async () => {
    const revoked = await call(network, as(ids.bob), consent, { proposal: 'wasps', revoke: true })
    expect(revoked).toMatchObject({ revoked: true, rows: 2 })
    await expect(send()).rejects.toMatchObject({ code: 'rights-missing' })
    await expect(
      call(network, as(ids.bob), consent, { proposal: 'wasps', revoke: true }),
    ).rejects.toMatchObject({ code: 'consent-unknown' })
    const { consents: told } = await call(network, as(ids.bob), consents, {})
    expect(told).toMatchObject([{ proposal: 'wasps', rows: 2, revokedAt: expect.any(String) }])
    expect(await call(network, as(ids.bob), withdraw, { contribution: 'Wasps' })).toMatchObject({ rows: 2 })
    const left = await network.db.query(
      'select from contributions where proposal_id = $1 and question is not null',
      [ids.wasps],
    )
    expect(left).toEqual([])
  })
})

describe('withdraw', () => {
  it('takes one row of one’s own by its id, and names the models that were tuned with it', async () => {
    const withFolder = { ...network, folder: '/nonexistent' } as Network
    const one = { contribution: ids.row(1) }
    await expect(call(withFolder, as(ids.ann), withdraw, one)).rejects.toMatchObject({
      code: 'contribution-unknown',
    })
    expect(await call(withFolder, as(ids.bob), withdraw, one)).toEqual({
      contributionId: ids.row(1),
      rows: 1,
      models: ['bees@1'],
    })
    const kept = await network.db.query<{ question: string | null }>(
      'select question from contributions where proposal_id = $1 order by seq',
      [ids.bees],
    )
    expect(kept.map(({ question }) => question)).toEqual([null, 'Question 2?', 'Question 3?'])
  })
})
