import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from './db.ts'
import {
  anchorBatch,
  anchored,
  anchorProof,
  anchors,
  append,
  erase,
  eraseSubject,
  GENESIS,
  type LedgerEvent,
  read,
  readSubject,
  verifyChain,
} from './ledger.ts'
import { verifySha256Proof } from './merkle.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
}, 60_000)
afterAll(() => opened.remove())
// Rows of a ledger cannot be deleted; an empty one is a quicker start than a new database (1 s).
beforeEach(() =>
  db.query(`truncate events, anchors, receipts; update ledger_head set seq = 0, hash = '${GENESIS}'`),
)

const at = new Date('2026-03-04T05:06:07.089Z')
const write = (payload: unknown, subject = 'row'): Promise<LedgerEvent> =>
  append(db, { at, kind: 'row.received', actor: 'ada', subject, payload })
const changed = (events: LedgerEvent[], index: number, change: Partial<LedgerEvent>): LedgerEvent[] =>
  events.map((event, i) => (i === index ? { ...event, ...change } : event))

test('events are numbered without a gap and chained by their hashes', async () => {
  const first = await write({ text: 'a', amount: 5n, when: at })
  const second = await write(null)
  expect(first).toMatchObject({
    seq: 1n,
    prevHash: GENESIS,
    payload: { text: 'a', amount: '5', when: at.toISOString() },
  })
  expect(second).toMatchObject({ seq: 2n, prevHash: first.hash })
  expect(await read(db)).toEqual([first, second])
  expect(verifyChain(await read(db))).toBeNull()
})

test('events written at the same time make one chain', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, n) => write({ n })))
  const events = await read(db)
  expect(events.map(event => event.seq)).toEqual(Array.from({ length: 20 }, (_, n) => BigInt(n + 1)))
  expect(verifyChain(events)).toBeNull()
})

test('an event of a transaction that fails never was', async () => {
  await write('kept')
  await db
    .tx(async tx => {
      await append(tx, { at, kind: 'row.lost', actor: 'ada', subject: 'row', payload: {} })
      throw new Error('no')
    })
    .catch(() => {})
  await write('next')
  const events = await read(db)
  expect(events.map(event => event.payload)).toEqual(['kept', 'next'])
  expect(verifyChain(events)).toBeNull()
})

test('the same payload has another hash each time, so it cannot be guessed', async () => {
  const [yes, again] = [await write('yes'), await write('yes')]
  expect(yes.payloadHash).not.toBe(again.payloadHash)
})

test('every change to the chain is found', async () => {
  for (const n of [1, 2, 3, 4]) await write({ n })
  const events = await read(db)
  expect(verifyChain(changed(events, 1, { actor: 'eve' }))).toEqual({ seq: 2n, reason: 'wrong-hash' })
  expect(verifyChain(changed(events, 1, { payload: { n: 9 } }))).toEqual({ seq: 2n, reason: 'wrong-payload' })
  expect(verifyChain(changed(events, 2, { prevHash: GENESIS }))).toEqual({ seq: 3n, reason: 'broken-link' })
  expect(verifyChain(events.toSpliced(1, 1))).toEqual({ seq: 3n, reason: 'gap' })
  expect(verifyChain(events.slice(1), GENESIS)).toEqual({ seq: 2n, reason: 'broken-link' })
  expect(verifyChain(events.slice(2), events[1]?.hash)).toBeNull()
})

test('an erased payload is gone with its salt, and the chain still verifies', async () => {
  await write('secret')
  await write('mine', 'other')
  await write('mine too', 'other')
  await erase(db, 1n)
  expect(await eraseSubject(db, 'other')).toBe(2)
  const events = await read(db)
  expect(events.map(({ payload, salt }) => ({ payload, salt }))).toEqual(
    Array(3).fill({ payload: null, salt: null }),
  )
  expect(verifyChain(events)).toBeNull()
})

test('the database itself refuses to rewrite or remove an event', async () => {
  await write('a')
  for (const attack of [
    `update events set actor = 'eve'`,
    `update events set payload = '"b"'`,
    `update events set payload = null`,
    'delete from events',
  ])
    await expect(db.query(attack)).rejects.toThrow()
  expect(verifyChain(await read(db))).toBeNull()
})

test('events are read by a stretch and by their subject', async () => {
  for (const n of [1, 2, 3, 4]) await write({ n }, n % 2 === 0 ? 'even' : 'odd')
  expect((await read(db, 2n, 3n)).map(event => event.seq)).toEqual([2n, 3n])
  expect((await readSubject(db, 'even')).map(event => event.seq)).toEqual([2n, 4n])
})

test('a batch holds all events since the last one, each with a proof', async () => {
  for (const n of [1, 2, 3]) await write({ n })
  const first = await anchorBatch(db, at)
  expect(first).toMatchObject({ fromSeq: 1n, toSeq: 3n, tx: null })
  await anchored(db, first ?? { toSeq: 0n }, '0xaa')
  for (const n of [4, 5]) await write({ n })
  const second = await anchorBatch(db, at)
  expect(second).toMatchObject({ fromSeq: 4n, toSeq: 5n })
  for (const event of await read(db)) {
    const found = await anchorProof(db, event.seq)
    expect(found?.anchor.root).toBe(event.seq <= 3n ? first?.root : second?.root)
    const proof = found?.proof ?? { index: 0, size: 0, path: [] }
    expect(
      verifySha256Proof(Buffer.from(event.hash, 'hex'), proof, Buffer.from(found?.anchor.root ?? '', 'hex')),
    ).toBe(true)
  }
  expect((await anchors(db)).map(anchor => anchor.tx)).toEqual(['0xaa', null])
})

test('a batch that is not on chain yet is the same batch when asked again', async () => {
  await write('a')
  const first = await anchorBatch(db, at)
  await write('b')
  expect(await anchorBatch(db, at)).toEqual(first)
})

test('without new events there is no batch and no proof', async () => {
  expect(await anchorBatch(db, at)).toBeNull()
  const event = await write('a')
  expect(await anchorProof(db, event.seq)).toBeNull()
})

test('a payload that is not JSON is refused and writes nothing', async () => {
  await expect(write({ x: Number.NaN })).rejects.toMatchObject({ code: 'not-canonical' })
  expect(await read(db)).toEqual([])
})
