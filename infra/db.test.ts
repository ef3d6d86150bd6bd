import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase, violates } from './db.ts'
import { openTestDatabase, type TestDatabase, testDatabaseFolder } from './testing/database.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
  await db.query('create table pets (name text primary key, legs int)')
}, 60_000)
afterAll(() => opened.remove())

const pets = async (): Promise<string[]> =>
  (await db.query<{ name: string }>('select name from pets order by name')).map(pet => pet.name)

test('values come back as bigint, Date, parsed json and bytes', async () => {
  const [row] = await db.query(
    `select 9007199254740993::bigint as big, timestamptz '2026-01-02 03:04:05.678Z' as at,
            '{"a":[1,null]}'::jsonb as json, '\\x00ff'::bytea as bytes, 7 as small, null as nothing`,
  )
  expect(row).toEqual({
    big: 9007199254740993n,
    at: new Date('2026-01-02T03:04:05.678Z'),
    json: { a: [1, null] },
    bytes: Buffer.from([0, 255]),
    small: 7,
    nothing: null,
  })
})

test('values go in as they come out', async () => {
  const at = new Date('2026-01-02T03:04:05.678Z')
  const values = [-9007199254740993n, at, JSON.stringify([1, { b: 'ü' }]), Buffer.from([1, 2]), null]
  const [row] = await db.query<{ a: bigint; b: Date; c: unknown; d: Buffer; e: null }>(
    'select $1::bigint as a, $2::timestamptz as b, $3::jsonb as c, $4::bytea as d, $5::text as e',
    values,
  )
  expect(row).toEqual({ a: -9007199254740993n, b: at, c: [1, { b: 'ü' }], d: Buffer.from([1, 2]), e: null })
})

test('pgvector is there', async () => {
  const [row] = await db.query<{ distance: number }>(`select '[1,2]'::vector <-> '[4,6]'::vector as distance`)
  expect(row?.distance).toBe(5)
})

test('a transaction that throws leaves nothing behind', async () => {
  const failing = db.tx(async tx => {
    await tx.query(`insert into pets values ('ghost', 0)`)
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await pets()).not.toContain('ghost')
})

test('a transaction in a transaction is the same one', async () => {
  const failing = db.tx(async tx => {
    await tx.tx(inner => inner.query(`insert into pets values ('nested', 4)`))
    throw new Error('all of it')
  })
  await expect(failing).rejects.toThrow('all of it')
  expect(await pets()).not.toContain('nested')
})

test('transactions that lock the same row run one after the other', async () => {
  await db.query(`insert into pets values ('counter', 0)`)
  const increase = () =>
    db.tx(async tx => {
      const [row] = await tx.query<{ legs: number }>(
        `select legs from pets where name = 'counter' for update`,
      )
      await tx.query(`update pets set legs = $1 where name = 'counter'`, [(row?.legs ?? 0) + 1])
    })
  await Promise.all(Array.from({ length: 10 }, increase))
  expect(await db.query(`select legs from pets where name = 'counter'`)).toEqual([{ legs: 10 }])
})

test('the outer database inside a transaction is a fault and no deadlock', async () => {
  const rejected = { code: 'nested-checkout', blame: 'ours' }
  await expect(db.tx(() => db.query('select 1'))).rejects.toMatchObject(rejected)
  await expect(db.tx(() => db.tx(async () => 1))).rejects.toMatchObject(rejected)
  await expect(db.tx(() => db.pool.query('select 1'))).rejects.toMatchObject(rejected)
  await expect(db.tx(() => db.pool.connect())).rejects.toMatchObject(rejected)
})

test('work started inside a transaction may use the database after its end', async () => {
  const ended = Promise.withResolvers<void>()
  const late = await db.tx(async () => ({ query: ended.promise.then(() => db.query('select 1 as one')) }))
  ended.resolve()
  expect(await late.query).toEqual([{ one: 1 }])
})

test('a swallowed error does not let a transaction pass for committed', async () => {
  const swallowing = db.tx(async tx => {
    await tx.query(`insert into pets values ('lost', 1)`)
    await tx.query('select 1 / 0').catch(() => {})
  })
  await expect(swallowing).rejects.toMatchObject({ code: 'transaction-aborted' })
  expect(await pets()).not.toContain('lost')
})

test('afterCommit runs after the commit and never after a failure', async () => {
  const seen: string[] = []
  await db.tx(async tx => {
    tx.afterCommit(() => seen.push('committed'))
    tx.tx(async inner => inner.afterCommit(() => seen.push('inner')))
    seen.push('work')
  })
  await db
    .tx(async tx => {
      tx.afterCommit(() => seen.push('never'))
      throw new Error('no')
    })
    .catch(() => {})
  db.afterCommit(() => seen.push('at once'))
  expect(seen).toEqual(['work', 'committed', 'inner', 'at once'])
})

test('a broken constraint is recognised by its name, and the connection goes on', async () => {
  await db.query(`insert into pets values ('twin', 2)`)
  const connections = db.pool.totalCount
  const error: unknown = await db
    .query(`insert into pets values ('twin', 2)`)
    .catch((failure: unknown) => failure)
  expect(violates(error, 'pets_pkey')).toBe(true)
  expect(violates(error, 'other_key')).toBe(false)
  expect(db.pool.totalCount).toBe(connections)
})

test('a NUL in a text is the fault of the text', async () => {
  await expect(db.query('insert into pets (name) values ($1)', ['a\0b'])).rejects.toMatchObject({
    code: 'text-unstorable',
    blame: 'person',
  })
})

test('what a library gets from the pool is what it expects: int8 as a string', async () => {
  expect((await db.pool.query('select 5::bigint as five')).rows).toEqual([{ five: '5' }])
})

test('a folder whose path is too long for a socket works all the same', { timeout: 30_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'tributary-test-'))
  const folder = join(home, 'a'.repeat(60), 'b'.repeat(60))
  cpSync(await testDatabaseFolder(home), folder, { recursive: true })
  const database = await openDatabase({ folder })
  expect(await database.query('select 1 as one')).toEqual([{ one: 1 }])
  await database.close()
  rmSync(home, { recursive: true })
})

test('a first start that was killed halfway begins again', { timeout: 90_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-test-'))
  mkdirSync(join(folder, 'pg.new/base'), { recursive: true })
  writeFileSync(join(folder, 'pg.new/PG_VERSION'), '')
  const database = await openDatabase({ folder })
  expect(await database.query('select count(*)::int as events from events')).toEqual([{ events: 0 }])
  await database.close()
  expect(readdirSync(folder)).toEqual(['pg'])
  rmSync(folder, { recursive: true })
})

test('rows are there after closing and opening again', { timeout: 30_000 }, async () => {
  const folder = await testDatabaseFolder()
  const first = await openDatabase({ folder })
  await first.query(`insert into settings values ('colour', '"blue"')`)
  await first.close()
  const second = await openDatabase({ folder })
  expect(await second.query(`select value from settings where key = 'colour'`)).toEqual([{ value: 'blue' }])
  await second.close()
  rmSync(folder, { recursive: true })
})

test.each([
  ['lost its control file', 'pg/global/pg_control', null],
  ['has a garbled control file', 'pg/global/pg_control', 'x'.repeat(8192)],
  ['has a garbled version', 'pg/PG_VERSION', 'x'],
])('a cluster that %s is refused with what to do', { timeout: 30_000 }, async (_, file, content) => {
  const folder = await testDatabaseFolder()
  if (content === null) rmSync(join(folder, file))
  else writeFileSync(join(folder, file), content)
  await expect(openDatabase({ folder })).rejects.toMatchObject({
    code: 'database-corrupt',
    fix: expect.stringContaining('backup'),
  })
  rmSync(folder, { recursive: true })
})
