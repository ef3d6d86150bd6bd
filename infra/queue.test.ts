import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Database } from './db.ts'
import { fault } from './errors.ts'
import { type Job, openQueue, type Queue, type QueueSettings } from './queue.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

let opened: TestDatabase
let db: Database
let queue: Queue
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
  await db.query('create table effects (name text primary key)')
}, 60_000)
afterEach(async () => {
  await queue.stop()
  await db.query('delete from pgboss.job; truncate effects')
})
afterAll(() => opened.remove())

const open = async (settings: QueueSettings = {}): Promise<void> => {
  queue = await openQueue(db, { work: settings, other: {} })
}
const effects = async (): Promise<string[]> =>
  (await db.query<{ name: string }>('select name from effects order by name')).map(row => row.name)
/** Resolves when the queue has nothing left to do; a job that just ended is settled a moment later. */
const idle = async (): Promise<void> => {
  while ((await queue.pending()) > 0);
}

test('a job is taken as soon as its transaction has committed', async () => {
  await open()
  const { promise, resolve } = Promise.withResolvers<Job<{ text: string }>>()
  await queue.work<{ text: string }>('work', async job => resolve(job))
  await db.tx(tx => queue.add(tx, 'work', { text: 'hello' }))
  expect((await promise).data).toEqual({ text: 'hello' })
  await idle()
})

test('a job of a transaction that fails never runs', async () => {
  await open()
  const seen: object[] = []
  await queue.work('work', async job => seen.push(job.data))
  await db
    .tx(async tx => {
      await queue.add(tx, 'work', { lost: true })
      throw new Error('no')
    })
    .catch(() => {})
  await db.tx(tx => queue.add(tx, 'work', { kept: true }))
  await idle()
  expect(seen).toEqual([{ kept: true }])
})

test('a hundred jobs run one at a time, oldest first, without waiting out a poll after each', async () => {
  await open()
  const order: number[] = []
  let running = 0
  let most = 0
  await db.tx(async tx => {
    for (let n = 0; n < 100; n++) await queue.add(tx, 'work', { n })
  })
  const start = performance.now()
  await queue.work<{ n: number }>('work', async job => {
    most = Math.max(most, ++running)
    await db.query('select 1')
    order.push(job.data.n)
    running--
  })
  await idle()
  expect(order).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(most).toBe(1)
  // A poll of one second after every job would make it 100 s.
  expect(performance.now() - start).toBeLessThan(20_000)
})

test('concurrency lets that many run at once', async () => {
  await open()
  const both = Promise.withResolvers<void>()
  let running = 0
  await queue.work(
    'work',
    async () => {
      if (++running === 2) both.resolve()
      await both.promise
    },
    { concurrency: 2 },
  )
  await db.tx(async tx => {
    await queue.add(tx, 'work', {})
    await queue.add(tx, 'work', {})
  })
  await both.promise
  await idle()
})

test('a key keeps a second job from waiting, and lets one wait behind one that runs', async () => {
  await open()
  const key = 'proposal-1'
  expect(await queue.add(db, 'work', {}, { key })).not.toBeNull()
  expect(await queue.add(db, 'work', {}, { key })).toBeNull()
  expect(await queue.add(db, 'work', {}, { key: 'proposal-2' })).not.toBeNull()
  const added: (string | null)[] = []
  let runs = 0
  await queue.work('work', async () => {
    if (++runs === 1)
      added.push(await queue.add(db, 'work', {}, { key }), await queue.add(db, 'work', {}, { key }))
  })
  await idle()
  expect(added).toEqual([expect.any(String), null])
  expect(runs).toBe(3)
})

test('a job that fails runs again, and its effect happens once', { timeout: 20_000 }, async () => {
  await open({ retries: 3 })
  const attempts: number[] = []
  await queue.work('work', async job => {
    attempts.push(job.attempt)
    await db.query(`insert into effects values ('paid') on conflict do nothing`)
    if (job.attempt < 1) throw new Error('after the effect')
  })
  await db.tx(tx => queue.add(tx, 'work', {}))
  await idle()
  expect(attempts).toEqual([0, 1])
  expect(await effects()).toEqual(['paid'])
  expect(await queue.dead()).toEqual([])
})

test('a job that keeps failing is dead, with a reason and a fix, and can be revived', async () => {
  await open({ retries: 0 })
  let broken = true
  await queue.work('work', async () => {
    if (broken) throw fault('base-corrupt', 'The base model is damaged.', { fix: 'Download it again.' })
  })
  await queue.add(db, 'work', { run: 7 })
  await idle()
  const [letter, ...more] = await queue.dead()
  expect(more).toEqual([])
  expect(letter).toMatchObject({
    queue: 'work',
    data: { run: 7 },
    reason: 'The base model is damaged. Download it again.',
    attempts: 1,
  })
  broken = false
  await queue.revive(letter?.id ?? '')
  await idle()
  expect(await queue.dead()).toEqual([])
  await expect(queue.revive('00000000-0000-0000-0000-000000000000')).rejects.toMatchObject({
    code: 'job-unknown',
  })
})

// On a shared Postgres only missing heartbeats tell that a process is gone, after half a minute.
const embedded = test.skipIf(process.env.TEST_DATABASE_URL !== undefined)

embedded('jobs that a killed process left running are taken again at the next start', async () => {
  await open()
  await queue.add(db, 'work', { step: 1 })
  const abandoned = Promise.withResolvers<void>()
  const forever = Promise.withResolvers<never>()
  await queue.work('work', async () => {
    abandoned.resolve()
    await forever.promise
  })
  await abandoned.promise
  const killed = queue
  // What a kill leaves: the row says `active`, and nobody is at work.
  await open()
  const again = Promise.withResolvers<Job<object>>()
  await queue.work('work', async job => again.resolve(job))
  expect((await again.promise).data).toEqual({ step: 1 })
  await idle()
  forever.reject(new Error('the end of the test'))
  await killed.stop()
})

embedded('a job that takes the process down every time is dead in the end', async () => {
  await open()
  await queue.add(db, 'work', { poison: true })
  let runs = 0
  for (let start = 0; start < 10; start++) {
    await db.query(`update pgboss.job set state = 'active', started_on = now() where name = 'work'`)
    await queue.stop()
    await open()
  }
  await queue.work('work', async () => {
    runs++
  })
  await idle()
  expect(runs).toBe(0)
  expect(await queue.dead()).toMatchObject([
    { data: { poison: true }, reason: expect.stringContaining('10 times') },
  ])
})

test('stopping aborts what runs and puts it back without counting the attempt', async () => {
  await open()
  const started = Promise.withResolvers<void>()
  await queue.work('work', async job => {
    started.resolve()
    await new Promise((_, reject) => job.signal.addEventListener('abort', () => reject(job.signal.reason)))
  })
  await queue.add(db, 'work', {})
  await started.promise
  await queue.stop()
  await open()
  const again = Promise.withResolvers<number>()
  await queue.work('work', async job => again.resolve(job.attempt))
  expect(await again.promise).toBe(0)
  await idle()
})

test('an undeclared queue is a fault', async () => {
  await open()
  await expect(queue.add(db, 'nowhere', {})).rejects.toMatchObject({ code: 'queue-unknown' })
  await expect(queue.work('nowhere', async () => {})).rejects.toMatchObject({ code: 'queue-unknown' })
})
