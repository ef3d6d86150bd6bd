import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { openDatabase } from './db.ts'
import { testDatabaseFolder } from './testing/database.ts'

const script = (name: string): string => fileURLToPath(new URL(`./testing/${name}`, import.meta.url))
let child: ChildProcess | undefined
let folder = ''

afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
  rmSync(`${folder}.full`, { force: true })
})

/** Starts the writing process; `until` resolves with the newest acknowledged row when a line passes the test. */
const startWriter = () => {
  const writer = spawn(
    process.execPath,
    ['--import', script('full-disk.ts'), script('write-rows.ts'), folder],
    {
      env: { ...process.env, FULL_DISK: `${folder}.full`, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  child = writer
  let row = 0
  const waiting = new Set<{ passes(line: string): boolean; resolve(row: number): void }>()
  createInterface({ input: writer.stdout }).on('line', line => {
    if (line.startsWith('row ')) row = Number(line.slice(4))
    for (const wait of waiting)
      if (wait.passes(line)) {
        waiting.delete(wait)
        wait.resolve(row)
      }
  })
  const until = (passes: (line: string) => boolean): Promise<number> =>
    new Promise(resolve => waiting.add({ passes, resolve }))
  return {
    until,
    rowAfter: (more: number): Promise<number> => {
      const goal = row + more
      return until(() => row >= goal)
    },
    kill: (): Promise<number> =>
      new Promise(resolve => {
        writer.once('close', () => resolve(row))
        writer.kill('SIGKILL')
      }),
  }
}

const rowsIn = async (): Promise<number[]> => {
  const database = await openDatabase({ folder })
  const rows = await database.query<{ value: number }>(
    "select value from settings where key like 'row-%' order by value::int",
  )
  await database.close()
  return rows.map(row => row.value)
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)

test('a killed process loses no row that was acknowledged', { timeout: 60_000 }, async () => {
  folder = await testDatabaseFolder()
  for (const more of [5, 60]) {
    const writer = startWriter()
    await writer.rowAfter(more)
    const acknowledged = await writer.kill()
    expect((await rowsIn()).slice(0, acknowledged)).toEqual(upTo(acknowledged))
  }
})

test('a full disk loses no acknowledged row, is named, and work goes on once there is room', {
  timeout: 60_000,
}, async () => {
  folder = await testDatabaseFolder()
  const writer = startWriter()
  await writer.rowAfter(20)
  writeFileSync(`${folder}.full`, '')
  await writer.until(line => line === 'fault disk-full')
  rmSync(`${folder}.full`)
  await writer.rowAfter(20)
  const acknowledged = await writer.kill()
  expect((await rowsIn()).slice(0, acknowledged)).toEqual(upTo(acknowledged))
})
