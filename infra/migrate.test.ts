import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from './db.ts'
import { migrate } from './migrate.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

let opened: TestDatabase
let db: Database
let folder = ''
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
}, 60_000)
afterAll(() => opened.remove())

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-sql-'))
  await db.query('drop schema public cascade; create schema public')
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const tables = async (): Promise<string[]> =>
  (
    await db.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
    )
  ).map(row => row.name)

test('migrations run in order, once, and are recorded with their hash', async () => {
  write('0001_first.sql', 'create table first (id int); insert into first values (1)')
  write('0002_second.sql', 'create table second as select id + 1 as id from first')
  await migrate(db, folder)
  await migrate(db, folder)
  expect(await tables()).toEqual(['first', 'migrations', 'second'])
  expect(await db.query('select id from second')).toEqual([{ id: 2 }])
  expect(await db.query('select number, name, length(hash) as digits from migrations order by 1')).toEqual([
    { number: 1, name: '0001_first.sql', digits: 64 },
    { number: 2, name: '0002_second.sql', digits: 64 },
  ])
})

test('a migration that fails leaves the database as it was', async () => {
  write('0001_first.sql', 'create table first (id int)')
  write('0002_broken.sql', 'create table second (id int); select 1 / 0')
  await expect(migrate(db, folder)).rejects.toThrow('division by zero')
  expect(await tables()).toEqual(['migrations'])
})

test('two starts at once apply every migration once', async () => {
  write('0001_first.sql', 'create table first (id int)')
  await Promise.all([migrate(db, folder), migrate(db, folder), migrate(db, folder)])
  expect(await db.query('select number from migrations')).toEqual([{ number: 1 }])
})

test('a database made by a later program is refused', async () => {
  write('0001_first.sql', 'create table first (id int)')
  write('0002_second.sql', 'create table second (id int)')
  await migrate(db, folder)
  rmSync(join(folder, '0002_second.sql'))
  await expect(migrate(db, folder)).rejects.toMatchObject({ code: 'database-newer', blame: 'operator' })
})

test('an edited migration is refused', async () => {
  write('0001_first.sql', 'create table first (id int)')
  await migrate(db, folder)
  write('0001_first.sql', 'create table first (id bigint)')
  await expect(migrate(db, folder)).rejects.toMatchObject({ code: 'migration-edited' })
})

test('a gap or another name is refused', async () => {
  write('0002_second.sql', 'select 1')
  await expect(migrate(db, folder)).rejects.toMatchObject({ code: 'migration-misnamed' })
})
