import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idFrom } from '../infra/ids.ts'
import type { AttributionRecord } from './attribute.ts'
import type { Caller, Network } from './context.ts'
import { explain } from './explain.ts'
import { call } from './registry.ts'
import { as, ids, NOW, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

const cara = idFrom('test', 'cara')
const operator: Caller = { role: 'operator', accountId: cara, surface: 'test' }

const measured: AttributionRecord = {
  tokens: 6,
  nats: { unigram: 40, base: 20, adapter: 8 },
  gain: 0.375,
  unattributed: 0.7,
  abstained: null,
  provisional: false,
  spans: [
    { start: 0, end: 7, row: 0, lift: 3 },
    { start: 8, end: 13, row: 3, lift: 1 },
  ],
}

let small: SmallNetwork
let network: Network

/** Bob's rows 0 and 1, Cara's near-copy 2 of row 0, and Cara's row 3, which she takes back. */
beforeAll(async () => {
  small = await openSmallNetwork()
  const { db } = small.network
  const influence = Float64Array.of(1, -0.5, 0.25, 0.5)
  network = {
    ...small.network,
    blobs: { get: async () => new Uint8Array(influence.buffer) },
  } as unknown as Network
  await db.query('insert into accounts (id, name, wallet, created_at) values ($1, $2, 9, $3)', [
    cara,
    'Cara',
    NOW,
  ])
  for (const [position, cluster] of [
    [2, 0],
    [3, 2],
  ] as const) {
    const id = ids.row(position + 10)
    await db.query(
      `insert into contributions (id, submission_id, proposal_id, account_id, question, answer, licence, content_hash, state, received_at)
       values ($1, $2, $3, $4, 'Whose?', 'A small hive of mine.', 'CC0-1.0', $5, 'accepted', $6)`,
      [id, ids.submission, ids.bees, cara, `c${position}`, NOW],
    )
    await db.query(
      'insert into snapshot_rows (snapshot_id, position, contribution_id, cluster, canonical, leaf) values ($1, $2, $3, $4, $5, $6)',
      [ids.snapshot, position, id, cluster, position === 3, `l${position}`],
    )
  }
})
afterAll(() => small.remove())

const measure = async (part: Partial<AttributionRecord> = {}) => {
  await network.db.query(`update answers set attribution = $2, influence_blob = 'i0' where id = $1`, [
    ids.answer,
    JSON.stringify({ ...measured, ...part }),
  ])
  await network.db.query('delete from shares where answer_id = $1', [ids.answer])
  for (const [account, share, low, high] of [
    [ids.bob, 0.2, 0.15, 0.25],
    [cara, 0.1, 0, 0.2],
  ])
    await network.db.query(
      'insert into shares (answer_id, account_id, share, low, high) values ($1, $2, $3, $4, $5)',
      [ids.answer, account, share, low, high],
    )
}
const setRows = (question: string | null, state: string) =>
  network.db.query(
    `update contributions set question = $2, answer = $2, state = $3 where account_id = $1 and id = any($4::uuid[])`,
    [cara, question, state, [ids.row(12), ids.row(13)]],
  )
const why = (answer?: string, caller: Caller = as(ids.ann)) =>
  call(network, caller, explain, answer === undefined ? {} : { answer })

describe('explain', () => {
  it('says of an answer that was not measured how long ago it was given', async () => {
    const minuteAgo = new Date(NOW.getTime() - 60_000)
    await network.db.query('update answers set answered_at = $2 where id = $1', [ids.answer, minuteAgo])
    expect(await why()).toMatchObject({ measured: false, ageSeconds: 60, rows: [], unattributed: 1 })
  })

  it('tells shares with their intervals, and parts that add up to the whole', async () => {
    await measure()
    const told = await why(ids.answer)
    expect(told).toMatchObject({
      measured: true,
      contributors: [
        { name: 'Bob', share: 0.2, low: 0.15, high: 0.25 },
        { name: 'Cara', share: 0.1, low: 0, high: 0.2 },
      ],
      withdrawn: null,
      provisional: false,
    })
    expect(told.parts.people).toBeCloseTo(0.3)
    expect(told.parts.base).toBeCloseTo(0.625)
    expect(told.parts.unclear).toBeCloseTo(0.075)
  })

  it('tells the strongest rows for and against, near-copies as one under their first', async () => {
    await measure()
    const { rows } = await why()
    expect(rows.map(({ contributor, influence, copies }) => [contributor, influence, copies])).toEqual([
      ['Bob', 1.25, 1],
      ['Cara', 0.5, 0],
      ['Bob', -0.5, 0],
    ])
    expect(rows[0]).toMatchObject({ question: 'Question 1?', text: 'Answer 1.', contributionId: ids.row(1) })
  })

  it('ties each copied passage to its row and person', async () => {
    await measure()
    const { spans } = await why()
    expect(spans).toMatchObject([
      { start: 0, end: 7, words: 'A small', contributor: 'Bob', text: 'Answer 1.', state: 'kept' },
      { words: 'hive.', contributor: 'Cara', state: 'kept' },
    ])
  })

  it('names nobody for a withdrawn row, and shows neither its text nor its id', async () => {
    await measure()
    await setRows(null, 'withdrawn')
    const told = await why()
    const gone = {
      contributor: null,
      contributionId: null,
      question: null,
      text: null,
      state: 'withdrawn',
    }
    expect(told.spans[1]).toMatchObject({ words: 'hive.', ...gone })
    expect(told.rows[1]).toMatchObject({ influence: 0.5, ...gone })
    expect(told.contributors.map(({ name }) => name)).toEqual(['Bob'])
    expect(told.withdrawn).toEqual({ people: 1, share: 0.1, low: 0, high: 0.2 })
    for (const secret of ['Cara', ids.row(12), ids.row(13), cara])
      expect(JSON.stringify(told)).not.toContain(secret)
    await setRows('Whose?', 'accepted')
  })

  it('keeps the share of those who withdrew without an interval where one of them has none', async () => {
    await measure()
    await setRows(null, 'withdrawn')
    await network.db.query('update shares set low = null, high = null where account_id = $1', [cara])
    expect((await why()).withdrawn).toEqual({ people: 1, share: 0.1, low: null, high: null })
    await setRows('Whose?', 'accepted')
  })

  it('finds an answer by its id or its receipt, however it is written', async () => {
    await measure()
    for (const id of [ids.answer, ids.receipt, ` ${ids.receipt.toUpperCase()} `])
      expect((await why(id)).answerId).toBe(ids.answer)
  })

  it('tells another person’s answer from none by nothing', async () => {
    await measure()
    const refused = (answer: string, caller: Caller) =>
      why(answer, caller).then(
        () => 'told',
        error => [error.code, error.message.replaceAll(answer, 'ID'), error.fix],
      )
    const none = await refused(ids.row(77), as(ids.bob))
    expect(none).toEqual(['answer-unknown', 'You have no answer with the id or receipt "ID".', none[2]])
    expect(await refused(ids.answer, as(ids.bob))).toEqual(none)
    expect(await refused(ids.receipt, as(ids.bob))).toEqual(none)
  })

  it('tells the people whose rows shaped an answer nothing more than anybody else', async () => {
    await measure()
    await expect(why(ids.answer, as(cara))).rejects.toMatchObject({ code: 'answer-unknown' })
    await expect(why(undefined, as(ids.bob))).rejects.toMatchObject({
      message: 'You have no answer yet.',
    })
  })

  it('shows an operator the answer they name, and no other', async () => {
    await measure()
    expect((await why(ids.answer, operator)).answerId).toBe(ids.answer)
    await expect(why(undefined, operator)).rejects.toMatchObject({ code: 'answer-unknown' })
  })

  it('says what became of a question that has no answer', async () => {
    const set = (state: string) =>
      network.db.query('update answers set state = $2 where id = $1', [ids.answer, state])
    await set('paid')
    await expect(why(ids.answer)).rejects.toMatchObject({ code: 'answer-pending', retry: true })
    await set('refunded')
    await expect(why(ids.answer)).rejects.toMatchObject({ code: 'answer-refunded' })
    await set('answered')
  })

  it('says why it abstained, and shares nothing then', async () => {
    await measure({ gain: 0, nats: { unigram: 40, base: 20, adapter: 21 }, abstained: 'no-gain' })
    await network.db.query('delete from shares where answer_id = $1', [ids.answer])
    expect(await why()).toMatchObject({
      abstained: 'no-gain',
      contributors: [],
      parts: { people: 0, base: 1, capped: 0, unclear: 0 },
    })
  })
})
