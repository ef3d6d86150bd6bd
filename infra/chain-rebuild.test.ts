import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Chain, openChain } from './chain.ts'
import { type Db, openDatabase } from './db.ts'
import { openTestDatabase, type TestDatabase, testDatabaseFolder } from './testing/database.ts'

let store: TestDatabase
let folder: string
let chain: Chain | null

const open = async (db: Db = store.database): Promise<Chain> => {
  chain = await openChain({ db, folder })
  return chain
}
const close = async (): Promise<void> => {
  await chain?.close()
  chain = null
}
const dumps = (): string[] => readdirSync(join(folder, 'chain')).filter(file => file.startsWith('state-'))
/** A process that ended but that nobody has waited for (Z) is not alive. */
const isAlive = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}

beforeAll(async () => {
  store = await openTestDatabase()
})
afterAll(() => store.remove())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-rebuild-'))
  await store.database.query('truncate chain_transactions, chain_deployments')
})
afterEach(async () => {
  await close()
  rmSync(folder, { recursive: true, force: true })
})

/** A database that fails for good at the first statement that matches: what a process sees that is killed there. */
const dyingAt = (db: Db, statement: RegExp, when: 'before' | 'after'): Db => {
  let dead = false
  const query: Db['query'] = async <R extends object>(text: string, values?: readonly unknown[]) => {
    const hit = statement.test(text)
    if (dead || (hit && when === 'before')) {
      dead = true
      throw new Error('killed')
    }
    const rows = await db.query<R>(text, values)
    if (!hit) return rows
    dead = true
    throw new Error('killed')
  }
  return { ...db, query, tx: db.tx, afterCommit: db.afterCommit }
}

test('a start from the dump, and one from the journal alone, give the same chain with the same times', async () => {
  let here = await open()
  await here.mint('one', here.address(1), 10n)
  await here.advance(5000, 'later')
  await here.advance(5000, 'later')
  await here.deposit('two', { wallet: 1, units: 4n })
  const before = { raw: await here.rawTransactions(), block: (await here.status()).block }
  const time = (await here.status()).time
  await close()
  expect(dumps()).toHaveLength(1)

  const check = async (): Promise<void> => {
    expect(await here.balance(here.address(1))).toBe(6n)
    expect({ raw: await here.rawTransactions(), block: (await here.status()).block }).toEqual(before)
    const drift = Number((await here.status()).time - time)
    expect(drift).toBeGreaterThanOrEqual(0)
    expect(drift).toBeLessThan(4000)
  }
  here = await open()
  await check()
  await close()
  for (const dump of dumps()) rmSync(join(folder, 'chain', dump))
  here = await open()
  await check()
})

test('a torn dump is passed over', async () => {
  let here = await open()
  await here.mint('one', here.address(1), 10n)
  await close()
  writeFileSync(join(folder, 'chain', dumps()[0] as string), '')
  here = await open()
  expect(await here.balance(here.address(1))).toBe(10n)
})

test('a dump of another history is passed over', async () => {
  const here = await open()
  await here.mint('one', here.address(1), 10n)
  await close()
  const [dump] = dumps()
  await store.database.query("update chain_transactions set key = 'another' where key = 'one'")
  const again = await open()
  expect(await again.balance(again.address(1))).toBe(10n)
  await close()
  expect(dumps()).not.toContain(dump)
})

test('a chain process that dies is rebuilt while calls wait, and none is lost or sent twice', async () => {
  const here = await open()
  const { pid } = await here.status()
  const sends = Array.from({ length: 30 }, (_, n) => here.mint(`mint/${n}`, here.address(1), 1n))
  await sends[4]
  process.kill(pid as number, 'SIGKILL')
  await Promise.all(sends)
  expect(await here.balance(here.address(1))).toBe(30n)
  expect((await here.status()).pid).not.toBe(pid)
  expect((await here.status()).pending).toBe(0)
})

for (const [where, statement, when] of [
  ['between journal and broadcast', /insert into chain_transactions/, 'after'],
  ['between block and journal', /update chain_transactions/, 'before'],
] as const)
  test(`a node killed ${where} sends that transaction once`, async () => {
    await open()
    await close()
    const dying = await open(dyingAt(store.database, statement, when))
    await expect(dying.mint('one', dying.address(1), 7n)).rejects.toThrow('killed')
    await expect(dying.close()).rejects.toThrow('killed')
    chain = null
    const here = await open()
    expect((await here.status()).pending).toBe(0)
    expect(await here.balance(here.address(1))).toBe(7n)
    const sent = (await here.rawTransactions()).find(({ key }) => key === 'one')
    expect(await here.mint('one', here.address(1), 7n)).toEqual({ tx: sent?.hash })
    expect(await here.balance(here.address(1))).toBe(7n)
  })

test('a folder belongs to one process, and to one door in it', async () => {
  await open()
  await expect(openChain({ db: store.database, folder })).rejects.toMatchObject({ code: 'chain-in-use' })
})

test('a node killed with -9 at any point goes on where it was, and ends the chain process it left behind', async () => {
  const databaseFolder = await testDatabaseFolder()
  const sent = new Map<string, string>()
  for (const kill of [1, 6]) {
    const script = fileURLToPath(new URL('./testing/send-mints.ts', import.meta.url))
    const child = spawn(process.execPath, [script, databaseFolder, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let left = 0
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, n, hash] = line.split(' ') as [string, string, string | undefined]
      if (what === 'node') left = Number(n)
      else {
        expect(sent.get(n) ?? hash).toBe(hash)
        sent.set(n, hash as string)
      }
      if (what === 'mint' && sent.size >= kill) child.kill('SIGKILL')
    }
    expect(isAlive(left)).toBe(true)
    const db = await openDatabase({ folder: databaseFolder })
    const here = await open(db)
    expect(isAlive(left)).toBe(false)
    const raw = (await here.rawTransactions()).filter(({ call }) => call === 'Token.mint')
    for (const { key, hash } of raw) expect(sent.get(key.slice('mint/'.length)) ?? hash).toBe(hash)
    expect(raw.length).toBeGreaterThanOrEqual(sent.size)
    expect(await here.balance(here.address(1))).toBe(BigInt(raw.length))
    await close()
    await db.close()
  }
  rmSync(databaseFolder, { recursive: true, force: true })
}, 120_000)
