import { afterAll, beforeAll, expect, test } from 'vitest'
import { standingClock } from './clock.ts'
import type { Database } from './db.ts'
import { clearLeases, dropLease, renewLease, takeLease, withLease } from './leases.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
}, 60_000)
afterAll(() => opened.remove())

const clockAt = () => standingClock(new Date('2026-01-01T00:00:00Z'))

test('of many that want a lease at once, one gets it', async () => {
  const taken = await Promise.all(Array.from({ length: 8 }, () => takeLease(db, clockAt(), 'crowded', 30)))
  expect(taken.filter(lease => lease !== null)).toHaveLength(1)
})

test('a lease can be taken by another only once it has run out', async () => {
  const clock = clockAt()
  const first = await takeLease(db, clock, 'timed', 30)
  clock.advance(29)
  expect(await takeLease(db, clock, 'timed', 30)).toBeNull()
  clock.advance(1)
  const second = await takeLease(db, clock, 'timed', 30)
  expect(second?.owner).not.toBe(first?.owner)
})

test('renewing moves the end, until somebody else has taken the lease', async () => {
  const clock = clockAt()
  const first = await takeLease(db, clock, 'renewed', 30)
  if (first === null) throw new Error('not taken')
  clock.advance(20)
  expect(await renewLease(db, clock, first)).toBe(true)
  clock.advance(20)
  expect(await takeLease(db, clock, 'renewed', 30)).toBeNull()
  clock.advance(10)
  expect(await takeLease(db, clock, 'renewed', 30)).not.toBeNull()
  expect(await renewLease(db, clock, first)).toBe(false)
})

test('giving back a lost lease leaves the new owner alone', async () => {
  const clock = clockAt()
  const first = await takeLease(db, clock, 'lost', 30)
  clock.advance(31)
  await takeLease(db, clock, 'lost', 30)
  if (first !== null) await dropLease(db, first)
  expect(await takeLease(db, clock, 'lost', 30)).toBeNull()
})

test('work under a lease runs alone and gives the lease back, even when it fails', async () => {
  const clock = clockAt()
  const inside = withLease(db, clock, 'work', 30, async () => {
    await expect(withLease(db, clock, 'work', 30, async () => 1)).rejects.toMatchObject({
      code: 'lease-held',
      retry: true,
    })
    expect(await takeLease(db, clock, 'work', 30)).toBeNull()
    throw new Error('failed')
  })
  await expect(inside).rejects.toThrow('failed')
  expect(await withLease(db, clock, 'work', 30, async () => 2)).toBe(2)
})

test('a clock that jumps ahead does not let a second one in beside work that goes on here', async () => {
  const clock = clockAt()
  await withLease(db, clock, 'jump', 30, async () => {
    clock.advance(3600)
    await expect(withLease(db, clock, 'jump', 30, async () => 1)).rejects.toMatchObject({
      code: 'lease-held',
    })
  })
})

test('work learns that its lease was lost', async () => {
  const clock = clockAt()
  const aborted = await withLease(db, clock, 'stolen', 0.03, async signal => {
    await db.query(`update leases set owner = gen_random_uuid() where name = 'stolen'`)
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    return signal.reason
  })
  expect(aborted).toMatchObject({ code: 'lease-held' })
})

test('the leases of a killed process are forgotten by the next holder of the folder', async () => {
  await takeLease(db, clockAt(), 'orphan', 30)
  await clearLeases(db)
  expect(await takeLease(db, clockAt(), 'orphan', 30)).not.toBeNull()
})
