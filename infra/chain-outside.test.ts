import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Chain, type ChainOptions, type Hex, openChain } from './chain.ts'
import { type Anvil, holdFolder, releaseFolder, startAnvil } from './chain-anvil.ts'
import { rpcOver } from './chain-rpc.ts'
import { openWallets } from './chain-wallets.ts'
import { openKeys } from './keys.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

/** A chain that somebody else runs: it makes its own blocks. */
const startOutside = async (folder: string, chainId: number): Promise<Anvil> => {
  await holdFolder(folder)
  const anvil = await startAnvil({ folder, chainId, state: null })
  await rpcOver(anvil.url, 5000)('evm_setAutomine', [true])
  return anvil
}

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const base = mkdtempSync(join(tmpdir(), 'tributary-outside-'))
let ours: Anvil
let foreign: Anvil
let store: TestDatabase
let folder: string
let chain: Chain | null = null

beforeAll(async () => {
  store = await openTestDatabase()
  ours = await startOutside(join(base, 'ours'), 4242)
  foreign = await startOutside(join(base, 'foreign'), 4243)
})
afterAll(async () => {
  await store.remove()
  await Promise.all([ours.kill(), foreign.kill()])
  for (const name of ['ours', 'foreign']) releaseFolder(join(base, name))
  rmSync(base, { recursive: true, force: true })
})
beforeEach(async () => {
  folder = mkdtempSync(join(base, 'data-'))
  await store.database.query('truncate chain_transactions, chain_deployments')
  await fund()
})
afterEach(() => chain?.close())

/** Gives the node's keys ether for gas. */
const fund = async (): Promise<void> => {
  const wallets = openWallets(openKeys(folder).seed)
  for (const role of ['operator', 'poster'] as const)
    await rpcOver(ours.url, 5000)('anvil_setBalance', [wallets.role(role).address, '0xde0b6b3a7640000'])
}

const open = async (o: Partial<ChainOptions>): Promise<Chain> => {
  chain = await openChain({ db: store.database, folder, ...o })
  return chain
}

test('an outside chain is deployed to once and written to, with windows of days', async () => {
  const first = await open({ rpcUrl: ours.url })
  expect(first.challengeWindowSeconds).toBe(3 * 86_400)
  const sent = await first.anchorLedger('ledger', { root: word(1), fromSeq: 1n, toSeq: 2n })
  const status = await first.status()
  expect(status).toMatchObject({ embedded: false, chainId: 4242, pid: null, pending: 0 })
  await first.close()
  const again = await open({ rpcUrl: ours.url, chainId: 4242 })
  expect((await again.status()).addresses).toEqual(status.addresses)
  expect((await again.status()).block).toBe(status.block)
  expect(await again.anchorLedger('ledger', { root: word(1), fromSeq: 1n, toSeq: 2n })).toEqual(sent)
})

test('a key that cannot pay its gas is refused before anything is journaled', async () => {
  folder = mkdtempSync(join(base, 'poor-'))
  await expect(open({ rpcUrl: ours.url })).rejects.toMatchObject({
    code: 'gas-too-little',
    blame: 'operator',
    retry: true,
  })
  const count = 'select count(*)::int as count from chain_transactions'
  expect(await store.database.query(count)).toEqual([{ count: 0 }])
  await fund()
  expect((await (await open({ rpcUrl: ours.url })).status()).pending).toBe(0)
})

test('the faucet and moved time belong to the embedded chain', async () => {
  const outside = await open({ rpcUrl: ours.url })
  await expect(outside.mint('mint', outside.address(1), 1n)).rejects.toMatchObject({
    code: 'chain-embedded-only',
  })
  await expect(outside.advance(60)).rejects.toMatchObject({ code: 'chain-embedded-only' })
})

test('a transaction that was journaled and never sent is sent at the next start', async () => {
  const first = await open({ rpcUrl: ours.url })
  await first.anchorLedger('ledger', { root: word(1), fromSeq: 1n, toSeq: 2n })
  await first.close()
  const text = `update chain_transactions set status = 'pending', block_number = null, receipt = null where key = 'ledger'`
  await store.database.query(text)
  const again = await open({ rpcUrl: ours.url })
  expect((await again.status()).pending).toBe(0)
  expect((await again.rawTransactions()).at(-1)).toMatchObject({
    key: 'ledger',
    receipt: { status: 'success' },
  })
})

test('a wrong chain id is refused, whether wanted or recorded', async () => {
  const wrong = { code: 'chain-wrong-id', blame: 'operator' }
  await expect(open({ rpcUrl: ours.url, chainId: 1 })).rejects.toMatchObject(wrong)
  await (await open({ rpcUrl: ours.url })).close()
  await expect(open({ rpcUrl: foreign.url })).rejects.toMatchObject({
    ...wrong,
    fix: 'Set CHAIN_RPC_URL to a node of chain 4242, or start with another data folder.',
  })
  await expect(open({})).rejects.toMatchObject(wrong)
})

test('missing code at a recorded address is refused', async () => {
  await (await open({ rpcUrl: ours.url })).close()
  const empty = `0x${'ee'.repeat(20)}`
  await store.database.query("update chain_deployments set address = $1 where contract = 'Rewards'", [empty])
  await expect(open({ rpcUrl: ours.url })).rejects.toMatchObject({
    code: 'chain-code-missing',
    message: expect.stringContaining('Rewards is not at'),
  })
})

test('keys that did not deploy the contracts are refused', async () => {
  await (await open({ rpcUrl: ours.url })).close()
  await expect(open({ rpcUrl: ours.url, folder: mkdtempSync(join(base, 'other-')) })).rejects.toMatchObject({
    code: 'keys-foreign',
  })
})

test('a chain that does not answer says so without the secrets of its URL', async () => {
  await expect(open({ rpcUrl: 'http://user:secret@127.0.0.1:9/key' })).rejects.toMatchObject({
    code: 'chain-unreachable',
    retry: true,
    message: expect.not.stringMatching(/secret|key/),
  })
})
