import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from './db.ts'
import { newId } from './ids.ts'
import { balance, balances, checkBooks, signedBalance, statement, transfer } from './money.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
}, 60_000)
afterAll(() => opened.remove())

const OUTSIDE = 'chain:deposits'
const fund = (account: string, units: bigint): Promise<string> =>
  transfer(db, { key: newId(), from: OUTSIDE, to: account, units, reason: 'deposit' })

test('a transfer moves units from one account to the other', async () => {
  const before = await signedBalance(db, OUTSIDE)
  await fund('balance:ada', 100n)
  await transfer(db, { key: 'gift', from: 'balance:ada', to: 'balance:bob', units: 30n, reason: 'gift' })
  expect(await balance(db, 'balance:ada')).toBe(70n)
  expect(await balance(db, 'balance:bob')).toBe(30n)
  expect(await signedBalance(db, OUTSIDE)).toBe(before - 100n)
  expect(await balances(db, 'balance:b')).toEqual([{ account: 'balance:bob', units: 30n }])
})

test('a transfer happens once under one key', async () => {
  const move = { key: 'once', from: OUTSIDE, to: 'balance:once', units: 7n, reason: 'deposit' }
  const ids = await Promise.all([transfer(db, move), transfer(db, move), transfer(db, move)])
  expect(new Set(ids).size).toBe(1)
  expect(await balance(db, 'balance:once')).toBe(7n)
})

test('a key used for another transfer is a fault', async () => {
  const move = { key: 'taken', from: OUTSIDE, to: 'balance:taken', units: 7n, reason: 'deposit' }
  await transfer(db, move)
  for (const other of [{ units: 8n }, { to: 'balance:eve' }, { from: 'chain:other' }, { reason: 'theft' }])
    await expect(transfer(db, { ...move, ...other })).rejects.toMatchObject({ code: 'transfer-differs' })
  expect(await balance(db, 'balance:taken')).toBe(7n)
})

test("people's accounts cannot be overdrawn, and the fault tells them so", async () => {
  await fund('balance:poor', 5n)
  const spend = (key: string) =>
    transfer(db, { key, from: 'balance:poor', to: 'income:1', units: 4n, reason: 'question' })
  await spend('first')
  await expect(spend('second')).rejects.toMatchObject({ code: 'insufficient-balance', blame: 'person' })
  expect(await balance(db, 'balance:poor')).toBe(1n)
  expect(await db.query(`select key from transfers where key = 'second'`)).toEqual([])
})

test('what moves nothing is refused', async () => {
  for (const units of [0n, -5n])
    await expect(
      transfer(db, { key: newId(), from: OUTSIDE, to: 'balance:x', units, reason: 'r' }),
    ).rejects.toMatchObject({ code: 'transfer-invalid' })
  await expect(
    transfer(db, { key: newId(), from: 'balance:x', to: 'balance:x', units: 1n, reason: 'r' }),
  ).rejects.toMatchObject({ code: 'transfer-invalid' })
})

test('a statement lists the newest line first, with the other side', async () => {
  const line = (key: string, from: string, to: string, units: bigint, minute: number) =>
    transfer(db, { key, from, to, units, reason: key, at: new Date(Date.UTC(2026, 0, 1, 0, minute)) })
  await line('in', OUTSIDE, 'balance:cy', 9n, 1)
  await line('out', 'balance:cy', 'income:1', 4n, 2)
  expect(await statement(db, 'balance:cy')).toMatchObject([
    { units: -4n, other: 'income:1', reason: 'out' },
    { units: 9n, other: OUTSIDE, reason: 'in' },
  ])
  expect(await statement(db, 'balance:cy', 1)).toHaveLength(1)
})

test('the database refuses a transfer whose entries do not add up to zero', async () => {
  const unbalanced = db.tx(async tx => {
    const id = newId()
    await tx.query(
      `insert into transfers (id, key, from_account, to_account, units, reason, at) values ($1, $1::uuid::text, 'a', 'b', 5, 'r', now())`,
      [id],
    )
    await tx.query(`insert into entries values ($1, 'a', -5), ($1, 'b', 6)`, [id])
  })
  await expect(unbalanced).rejects.toMatchObject({ code: 'transfer-unbalanced' })
  const empty = db.query(
    `insert into transfers (id, key, from_account, to_account, units, reason, at) values ($1, $1::uuid::text, 'a', 'b', 5, 'r', now())`,
    [newId()],
  )
  await expect(empty).rejects.toMatchObject({ code: 'transfer-unbalanced' })
})

test('the database refuses to change what was booked', async () => {
  await fund('balance:kept', 1n)
  for (const attack of [
    'update entries set units = units + 1',
    'delete from entries',
    'delete from transfers',
  ])
    await expect(db.query(attack)).rejects.toMatchObject({ code: 'append-only' })
})

test('whatever is transferred in whatever order, nothing is made, lost or overdrawn', {
  timeout: 60_000,
}, async () => {
  const accounts = ['balance:p', 'balance:q', 'balance:r', 'commons:d', OUTSIDE]
  const move = fc.record({
    from: fc.constantFrom(...accounts),
    to: fc.constantFrom(...accounts),
    units: fc.bigInt({ min: 1n, max: 10n ** 12n }),
    key: fc.integer({ min: 0, max: 15 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 25 }), fc.uuid(), async (moves, run) => {
      const expected = new Map<string, bigint>()
      for (const account of accounts) expected.set(account, await signedBalance(db, account))
      const done = new Set<number>()
      for (const { from, to, units, key } of moves) {
        const moved = await transfer(db, { key: `${run}/${key}`, from, to, units, reason: 'r' }).then(
          () => true,
          () => false,
        )
        if (!moved || done.has(key)) continue
        done.add(key)
        expected.set(from, (expected.get(from) ?? 0n) - units)
        expected.set(to, (expected.get(to) ?? 0n) + units)
      }
      for (const [account, units] of expected) {
        expect(await signedBalance(db, account)).toBe(units)
        if (account !== OUTSIDE) expect(units).toBeGreaterThanOrEqual(0n)
      }
      expect(await checkBooks(db)).toEqual({ sum: 0n, wrong: [] })
    }),
    { numRuns: 15 },
  )
})
