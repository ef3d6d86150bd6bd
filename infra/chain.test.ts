import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Chain, type Hex, openChain } from './chain.ts'
import { decodeTransaction, rewardLeaf } from './chain-decode.ts'
import { rangeProof, rewardRanges } from './chain-ranges.ts'
import { merkleTree } from './merkle.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const [ann, bob, cleo] = [1, 2, 3]

let store: TestDatabase
let folder: string
let chain: Chain

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-chain-'))
  store = await openTestDatabase()
  chain = await openChain({ db: store.database, folder })
  for (const person of [ann, bob, cleo])
    await chain.mint(`mint/${person}`, chain.address(person), 100_000_000n)
})

afterAll(async () => {
  await chain.close()
  await store.remove()
  rmSync(folder, { recursive: true, force: true })
})

const journaled = async (): Promise<number> =>
  (await store.database.query<{ count: number }>('select count(*)::int as count from chain_transactions'))[0]
    ?.count ?? 0

test('a proposal returns its bond by thirds and releases its pledges', async () => {
  const proposalId = word(1)
  await chain.propose('propose', { proposalId, wallet: ann, bondUnits: 10_000_000n, contentHash: word(2) })
  await chain.pledge('pledge', { proposalId, wallet: bob, units: 4_000_000n })
  expect(await chain.proposal(proposalId)).toMatchObject({ status: 'proposed', pledgedUnits: 4_000_000n })
  expect(await chain.balance(chain.address(ann))).toBe(90_000_000n)

  const poll = { ballotsRoot: word(3), yes: 12n, no: 5n, fileHash: word(4), passed: true }
  await chain.recordPoll('poll', { proposalId, ...poll })
  const snapshot = { proposalId, root: word(5), rows: 480 }
  await expect(chain.anchorSnapshot('snapshot', snapshot)).rejects.toMatchObject({
    code: 'chain-reverted',
    facts: { error: 'WrongStatus' },
  })
  await chain.advance(chain.disputeWindowSeconds)
  expect((await chain.proposal(proposalId)).status).toBe('passed')

  await chain.openDatanet('datanet', { proposalId, constitutionHash: word(6) })
  await chain.anchorSnapshot('snapshot', snapshot)
  expect((await chain.proposal(proposalId)).bondHeldUnits).toBe(6_666_667n)
  const adapter = { baseHash: word(7), adapterHash: word(8), snapshotRoot: word(5), evaluationHash: word(9) }
  await chain.commitAdapter('adapter', { proposalId, ...adapter })
  const treasury = (await chain.status()).addresses.treasury
  const before = await chain.balance(treasury)
  await chain.release('release', { proposalId, number: 1, adapterHash: word(8), releaseHash: word(10) })
  expect(await chain.proposal(proposalId)).toMatchObject({
    status: 'released',
    bondHeldUnits: 0n,
    pledgedUnits: 0n,
  })
  expect(await chain.balance(chain.address(ann))).toBe(100_000_000n)
  expect((await chain.balance(treasury)) - before).toBe(4_000_000n)
})

test('a lost vote returns the bond and the pledges', async () => {
  const proposalId = word(20)
  await chain.propose('lost', { proposalId, wallet: ann, bondUnits: 5_000_000n, contentHash: word(2) })
  await chain.pledge('lost/pledge', { proposalId, wallet: cleo, units: 1_000_000n })
  const poll = { ballotsRoot: word(3), yes: 2n, no: 5n, fileHash: word(4), passed: false }
  await chain.recordPoll('lost/poll', { proposalId, ...poll })
  await chain.advance(chain.disputeWindowSeconds)
  await chain.closeProposal('lost/close', { proposalId })
  await chain.refundPledge('lost/refund', { proposalId, account: chain.address(cleo) })
  expect((await chain.proposal(proposalId)).status).toBe('rejected')
  expect(await chain.balance(chain.address(ann))).toBe(100_000_000n)
  expect(await chain.balance(chain.address(cleo))).toBe(100_000_000n)
})

describe('an epoch', () => {
  const people = Array.from({ length: 21 }, (_, index) => 100 + index)
  const unitsOf = (index: number, epoch: bigint): bigint => BigInt(index + 1) * 10_000n * epoch
  const treeOf = (epoch: bigint) =>
    merkleTree(people.map((person, index) => rewardLeaf(index, chain.address(person), unitsOf(index, epoch))))
  const totalOf = (epoch: bigint): bigint => people.reduce((sum, _, index) => sum + unitsOf(index, epoch), 0n)

  test('pays each leaf of its root once its window is over, and never twice', async () => {
    await chain.deposit('deposit', { wallet: bob, units: 20_000_000n })
    await chain.fundRewards('fund', 10_000_000n)
    const tree = treeOf(1n)
    const post = { root: bytesToHex(tree.root), fileHash: word(30), epoch: 1, totalUnits: totalOf(1n) }
    await chain.postRewards('post', post)
    const leaf = {
      index: 4,
      account: chain.address(104),
      cumulativeUnits: unitsOf(4, 1n),
      proof: tree.proof(4).map(p => bytesToHex(p)),
    }
    await expect(chain.claim('early', leaf)).rejects.toMatchObject({ facts: { error: 'NotInTree' } })
    expect((await chain.rewards()).pending).toMatchObject({ root: post.root, epoch: 1, disputed: false })
    await chain.advance(chain.challengeWindowSeconds)
    expect(await chain.rewards()).toMatchObject({ activeRoot: post.root, pending: null, paidUnits: 0n })
    await chain.claim('claim', leaf)
    await chain.claim('claim again', leaf)
    expect(await chain.balance(leaf.account)).toBe(50_000n)
    expect(await chain.claimed(4)).toEqual({ units: 50_000n, frozen: false })
  })

  test('pays whole ranges of the tree, across its two levels', async () => {
    const tree = treeOf(2n)
    const root = bytesToHex(tree.root)
    await chain.postRewards('post 2', { root, fileHash: word(31), epoch: 2, totalUnits: totalOf(2n) })
    await chain.advance(chain.challengeWindowSeconds)
    const ranges = rewardRanges(people.length, 8)
    expect(ranges.reduce((sum, { count }) => sum + count, 0)).toBe(people.length)
    for (const range of ranges) {
      const claims = people.slice(range.first, range.first + range.count).map((person, i) => ({
        account: chain.address(person),
        cumulativeUnits: unitsOf(range.first + i, 2n),
      }))
      await chain.claimRange(`range/${range.first}`, {
        ...rangeProof(tree, people.length, range),
        first: range.first,
        claims,
      })
    }
    const balances = await Promise.all(people.map(person => chain.balance(chain.address(person))))
    expect(balances).toEqual(people.map((_, index) => unitsOf(index, 2n)))
    expect((await chain.rewards()).paidUnits).toBe(totalOf(2n))
  })

  test('is refused when it promises more than is funded', async () => {
    const post = { root: word(32), fileHash: word(33), epoch: 3, totalUnits: 10_000_001n }
    await expect(chain.postRewards('too much', post)).rejects.toMatchObject({ facts: { error: 'NotFunded' } })
  })
})

test('the same key sends one transaction, however often and however concurrently it is used', async () => {
  const before = await journaled()
  const mint = () => chain.mint('once', chain.address(7), 5n)
  const sent = await Promise.all([mint(), mint(), mint()])
  expect(new Set([...sent, await mint()].map(({ tx }) => tx)).size).toBe(1)
  expect(await chain.balance(chain.address(7))).toBe(5n)
  expect((await journaled()) - before).toBe(1)
})

test('calls sent at once all go through, in one order', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => chain.mint(`many/${i}`, chain.address(8), 3n)))
  expect(await chain.balance(chain.address(8))).toBe(60n)
})

test('a call that a contract refuses is not journaled, and says why and what to do', async () => {
  const before = await journaled()
  const deposit = { wallet: 9, units: 1n }
  await expect(chain.deposit('poor', deposit)).rejects.toMatchObject({
    code: 'chain-reverted',
    blame: 'person',
    message: expect.stringContaining('ERC20InsufficientBalance'),
    fix: 'Deposit more tokens to that wallet, or ask for less.',
  })
  expect(await journaled()).toBe(before)
  await chain.mint('not poor', chain.address(9), 1n)
  await chain.deposit('poor', deposit)
  expect(await chain.balance(chain.address(9))).toBe(0n)
})

test('the audit bundle names sender, contract, call and arguments without a node', async () => {
  const { tx } = await chain.anchorLedger('ledger', { root: word(40), fromSeq: 1n, toSeq: 50n })
  const entry = (await chain.rawTransactions()).find(({ hash }) => hash === tx)
  const decoded = await decodeTransaction(entry?.raw as Hex)
  const { addresses, chainId } = await chain.status()
  expect(decoded).toEqual({
    hash: tx,
    chainId,
    nonce: entry?.nonce,
    from: addresses.operator,
    to: addresses.registry.toLowerCase(),
    contract: 'Registry',
    call: 'anchorLedger',
    args: [word(40), 1n, 50n],
  })
  expect(entry?.receipt).toMatchObject({
    status: 'success',
    logs: [{ address: addresses.registry.toLowerCase() }],
  })
})
