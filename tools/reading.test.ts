import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../infra/ids.ts'
import { anchorBatch, anchored } from '../infra/ledger.ts'
import { verifySha256Proof } from '../infra/merkle.ts'
import { account } from './account.ts'
import { acknowledge } from './acknowledge.ts'
import { event } from './event.ts'
import { events } from './events.ts'
import { models } from './models.ts'
import { notices } from './notices.ts'
import { call } from './registry.ts'
import { run } from './run.ts'
import { showReceipt } from './show-receipt.ts'
import { status } from './status.ts'
import { submission } from './submission.ts'
import { anyone, as, ids, NOW, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

let small: SmallNetwork

beforeAll(async () => {
  small = await openSmallNetwork()
})
afterAll(() => small.remove())

describe('status', () => {
  it('tells where every proposal stands, newest first', async () => {
    const told = await call(small.network, anyone, status, {})
    expect(told.proposals.map(({ name, state }) => [name, state])).toEqual([
      ['wasps', 'voting'],
      ['bees', 'serving'],
    ])
    expect(told.me).toBeNull()
    expect(told.network).toMatchObject({
      accounts: 2,
      answers: 1,
      paidUnits: '30000',
      claimedUnits: '20000',
      events: 3,
    })
  })

  it('tells everything about one proposal by name or id', async () => {
    const byName = await call(small.network, anyone, status, { proposal: 'BEES' })
    expect(byName.proposals).toMatchObject([
      {
        id: ids.bees,
        proposer: 'Ann',
        rows: { accepted: 2, refused: 1, received: 0 },
        contributors: 1,
        pledgedUnits: '10',
        pledges: 1,
        poll: { yesUnits: '7', passed: true, finalAt: '2026-03-01T12:10:00.000Z' },
        snapshot: { rows: 2, tx: '0x03' },
        run: { id: ids.run, step: 3, steps: 3, loss: 1.5 },
        evaluation: { baseLoss: 3, adapterLoss: 2 },
        release: { version: 1, at: '2026-03-01T12:00:00Z' },
        answers: 1,
      },
    ])
    const byId = await call(small.network, anyone, status, { proposal: ids.bees })
    expect(byId.proposals).toEqual(byName.proposals)
  })

  it('tells the caller their own ballot weight and counts', async () => {
    const told = await call(small.network, as(ids.bob), status, { proposal: 'wasps' })
    expect(told.proposals[0]?.mine).toEqual({ proposer: false, choice: null, weightUnits: '5' })
    expect(told.me).toMatchObject({ name: 'Bob', contributions: { accepted: 2, refused: 1 }, asked: 0 })
  })

  it('refuses an unknown proposal', async () => {
    await expect(call(small.network, anyone, status, { proposal: 'ants' })).rejects.toMatchObject({
      code: 'proposal-unknown',
    })
  })
})

describe('run', () => {
  it('tells the loss curve after a step, by the model’s name', async () => {
    const told = await call(small.network, anyone, run, { run: 'bees@1', after: 1 })
    expect(told.points.map(({ step, loss }) => [step, loss])).toEqual([
      [2, 2],
      [3, 1.5],
    ])
    expect(told).toMatchObject({ id: ids.run, result: { lastLoss: 1.5 }, evaluation: { passed: true } })
    await expect(call(small.network, anyone, run, { run: 'wasps' })).rejects.toMatchObject({
      code: 'run-unknown',
    })
  })
})

describe('models', () => {
  it('shows a released model with its people, licences and judgement', async () => {
    const { models: cards } = await call(small.network, anyone, models, { model: 'bees@latest' })
    expect(cards).toMatchObject([
      {
        name: 'bees',
        version: 1,
        rows: 2,
        contributors: [{ name: 'Bob', rows: 2 }],
        licences: [{ licence: 'CC0-1.0', rows: 2 }],
        rank: 8,
        evaluation: { baseLoss: 3, adapterLoss: 2, minimumImprovement: 10 },
        thumbs: { up: 1, down: 0 },
        answers: 1,
      },
    ])
  })
})

describe('submission', () => {
  it('tells each row with its reason and, for a duplicate, the first one', async () => {
    const told = await call(small.network, as(ids.bob), submission, {})
    expect(told.rows.map(({ position, state }) => [position, state])).toEqual([
      [1, 'accepted'],
      [2, 'accepted'],
      [3, 'refused'],
    ])
    expect(told.rows[2]).toMatchObject({
      reason: 'duplicate',
      first: { contributor: 'Bob', question: 'Question 1?' },
    })
  })

  it('is for its sender only', async () => {
    const other = call(small.network, as(ids.ann), submission, { submission: ids.submission })
    await expect(other).rejects.toMatchObject({ code: 'submission-unknown' })
  })
})

describe('account', () => {
  it('adds up what was earned, what waits and what can be claimed', async () => {
    const told = await call(small.network, as(ids.bob), account, {})
    expect(told).toMatchObject({
      earnedUnits: '30000',
      pendingUnits: '12000',
      claimableUnits: '10000',
      claimedUnits: '20000',
      walletUnits: '99',
      shaped: [{ share: 0.75, low: null, rows: [] }],
      rows: { accepted: 2, refused: 1 },
      asked: [],
    })
    expect(told.payouts.map(({ epoch }) => epoch)).toEqual([2, 1])
  })

  it('shows contributors which of their own rows shaped an answer, and not what was asked', async () => {
    const influence = new Float64Array([0.5, 2])
    await small.network.db.query(`update answers set influence_blob = 'i0' where id = $1`, [ids.answer])
    const blobs = { get: async () => new Uint8Array(influence.buffer) }
    const told = await call({ ...small.network, blobs } as never, as(ids.bob), account, {})
    await small.network.db.query('update answers set influence_blob = null where id = $1', [ids.answer])
    expect(told.shaped).toMatchObject([
      { answerId: ids.answer, rows: [{ question: 'Question 2?' }, { question: 'Question 1?' }] },
    ])
    expect(JSON.stringify(told)).not.toContain('What is a nuc?')
  })
})

describe('the ledger', () => {
  it('is listed by pages, newest first, with names for accounts', async () => {
    const first = await call(small.network, anyone, events, { limit: 2 })
    expect(first.events.map(({ seq, actor }) => [seq, actor])).toEqual([
      ['3', 'Ann'],
      ['2', 'Bob'],
    ])
    const second = await call(small.network, anyone, events, { limit: 2, before: first.next ?? 0 })
    expect(second.events.map(({ seq }) => seq)).toEqual(['1'])
    expect(second.next).toBeNull()
  })

  it('is filtered by kind, subject and transaction', async () => {
    const seqs = async (input: object) =>
      (await call(small.network, anyone, events, input)).events.map(({ seq }) => seq)
    expect(await seqs({ kind: 'account.opened' })).toEqual(['1'])
    expect(await seqs({ subject: ids.answer })).toEqual(['3'])
    expect(await seqs({ tx: '0x07' })).toEqual(['3'])
  })

  it('keeps a ballot sealed while its poll is open', async () => {
    const told = await call(small.network, anyone, event, { seq: 2 })
    expect(told).toMatchObject({ sealed: true, payload: null, salt: null, actorName: 'Bob' })
    expect(JSON.stringify(told)).not.toContain('yes')
  })

  it('proves an event under its anchor', async () => {
    const before = await call(small.network, anyone, event, { seq: 3 })
    expect(before).toMatchObject({ anchor: null, proof: null })
    const anchor = await anchorBatch(small.network.db, NOW)
    await anchored(small.network.db, anchor!, '0xaa')
    const told = await call(small.network, anyone, event, { seq: 3 })
    expect(told.anchor).toMatchObject({ fromSeq: '1', toSeq: '3', tx: '0xaa' })
    expect(
      verifySha256Proof(Buffer.from(told.hash, 'hex'), told.proof!, Buffer.from(told.anchor!.root, 'hex')),
    ).toBe(true)
    await expect(call(small.network, anyone, event, { seq: 4 })).rejects.toMatchObject({
      code: 'event-unknown',
    })
  })

  it('shows a receipt with its event, and an open poll’s ballot to its owner only', async () => {
    const told = await call(small.network, anyone, showReceipt, { receipt: ids.receipt })
    expect(told).toMatchObject({
      kind: 'answer',
      signature: 'sig',
      event: { seq: '3', kind: 'answer.given' },
    })
    const ballot = { receipt: ids.ballotReceipt }
    await expect(call(small.network, anyone, showReceipt, ballot)).rejects.toMatchObject({
      code: 'receipt-unknown',
    })
    await expect(call(small.network, as(ids.ann), showReceipt, ballot)).rejects.toMatchObject({
      code: 'receipt-unknown',
    })
    expect((await call(small.network, as(ids.bob), showReceipt, ballot)).event?.seq).toBe('2')
  })
})

describe('notices', () => {
  it('wait until they are acknowledged, and only by their owner', async () => {
    const id = newId()
    await small.network.db.query(
      `insert into outbox (id, account, channel, kind, facts, created_at) values ($1, $2, 'any', 'model.released', '{"model":"bees@1"}', $3)`,
      [id, ids.bob, NOW],
    )
    expect((await call(small.network, as(ids.ann), notices, {})).notices).toEqual([])
    expect(await call(small.network, as(ids.ann), acknowledge, { notices: [id] })).toEqual({
      acknowledged: 0,
    })
    expect((await call(small.network, as(ids.bob), notices, {})).notices).toMatchObject([
      { id, facts: { model: 'bees@1' } },
    ])
    expect(await call(small.network, as(ids.bob), acknowledge, { notices: [id] })).toEqual({
      acknowledged: 1,
    })
    expect((await call(small.network, as(ids.bob), notices, {})).notices).toEqual([])
  })
})
