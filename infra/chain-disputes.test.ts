import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Chain, type Hex, openChain } from './chain.ts'
import { rewardLeaf } from './chain-decode.ts'
import { merkleTree } from './merkle.ts'
import { openTestDatabase, type TestDatabase } from './testing/database.ts'

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const [ann, bob] = [1, 2]

let store: TestDatabase
let folder: string
let chain: Chain
let treasury: Hex

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-disputes-'))
  store = await openTestDatabase()
  chain = await openChain({ db: store.database, folder })
  treasury = (await chain.status()).addresses.treasury
  for (const person of [ann, bob]) await chain.mint(`mint/${person}`, chain.address(person), 100_000_000n)
  await chain.mint('mint/treasury', treasury, 100_000_000n)
  await chain.fundRewards('fund', 50_000_000n)
})
afterAll(async () => {
  await chain.close()
  await store.remove()
  rmSync(folder, { recursive: true, force: true })
})

test('a challenged root waits for the arbiter, and an upheld challenge drops it and returns the bond', async () => {
  const before = await chain.balance(chain.address(bob))
  await chain.postRewards('post 1', { root: word(1), fileHash: word(2), epoch: 1, totalUnits: 5n })
  await chain.challengeRewards('challenge 1', { wallet: bob, evidenceHash: word(3) })
  expect(before - (await chain.balance(chain.address(bob)))).toBe(1_000_000n)
  await chain.advance(chain.challengeWindowSeconds)
  expect(await chain.rewards()).toMatchObject({ activeRoot: null, pending: { disputed: true } })
  await chain.resolveRewards('resolve 1', { upheld: true, findingHash: word(4) })
  expect(await chain.rewards()).toMatchObject({ activeRoot: null, pending: null })
  expect(await chain.balance(chain.address(bob))).toBe(before)
})

test('a rejected challenge costs its bond; a frozen index is not paid, a paused contract pays nobody', async () => {
  const account = chain.address(7)
  const tree = merkleTree([rewardLeaf(0, account, 900n), rewardLeaf(1, chain.address(8), 100n)])
  const root = bytesToHex(tree.root)
  const before = await chain.balance(treasury)
  await chain.postRewards('post 2', { root, fileHash: word(5), epoch: 2, totalUnits: 1000n })
  await chain.challengeRewards('challenge 2', { wallet: bob, evidenceHash: word(3) })
  await chain.resolveRewards('resolve 2', { upheld: false, findingHash: word(4) })
  expect((await chain.balance(treasury)) - before).toBe(1_000_000n)
  await chain.advance(chain.challengeWindowSeconds)

  const leaf = {
    index: 0,
    account,
    cumulativeUnits: 900n,
    proof: tree.proof(0).map(node => bytesToHex(node)),
  }
  await chain.freeze('freeze', { index: 0, frozen: true })
  await expect(chain.claim('frozen', leaf)).rejects.toMatchObject({ facts: { error: 'IndexFrozen' } })
  expect(await chain.claimed(0)).toEqual({ units: 0n, frozen: true })
  await chain.freeze('thaw', { index: 0, frozen: false })
  await chain.pauseRewards('pause', true)
  await expect(chain.claim('paused', leaf)).rejects.toMatchObject({ facts: { error: 'IsPaused' } })
  await chain.pauseRewards('go on', false)
  await chain.claim('claim', leaf)
  expect(await chain.balance(account)).toBe(900n)
})

test('an upheld dispute voids a poll, which is then recorded anew', async () => {
  const proposalId = word(10)
  const poll = { proposalId, ballotsRoot: word(11), yes: 3n, no: 1n, fileHash: word(12), passed: true }
  await chain.propose('propose', { proposalId, wallet: ann, bondUnits: 3_000_000n, contentHash: word(13) })
  await chain.recordPoll('poll', poll)
  await chain.disputePoll('dispute', { proposalId, wallet: bob, evidenceHash: word(14) })
  await chain.advance(chain.disputeWindowSeconds)
  expect((await chain.proposal(proposalId)).status).toBe('polled')
  await chain.resolvePoll('resolve poll', { proposalId, upheld: true, findingHash: word(15) })
  expect((await chain.proposal(proposalId)).status).toBe('proposed')
  await chain.recordPoll('poll again', { ...poll, yes: 2n })
})

test('a bond is slashed by an arbiter’s accusation that nobody dropped in time', async () => {
  const proposalId = word(20)
  await chain.propose('spam', { proposalId, wallet: ann, bondUnits: 3_000_000n, contentHash: word(13) })
  await chain.accuse('accuse', { proposalId, fault: 'spam', evidenceHash: word(21) })
  await chain.dropAccusation('drop', { proposalId, findingHash: word(22) })
  await chain.accuse('accuse again', { proposalId, fault: 'spam', evidenceHash: word(23) })
  await expect(chain.slash('slash', { proposalId })).rejects.toMatchObject({
    facts: { error: 'ObjectionsOpen' },
  })
  await chain.advance(600)
  const before = await chain.balance(treasury)
  await chain.slash('slash', { proposalId })
  expect(await chain.proposal(proposalId)).toMatchObject({ status: 'slashed', bondHeldUnits: 0n })
  expect((await chain.balance(treasury)) - before).toBe(3_000_000n)
  await chain.markTakedown('takedown', { subject: proposalId, reasonHash: word(24) })
})
