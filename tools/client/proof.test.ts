import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anchorBatch, anchored, eraseSubject } from '../../infra/ledger.ts'
import { openStage, type Stage } from '../gateway/testing/stage.ts'
import { NOW } from '../testing/small-network.ts'
import { nameOfKey, type Proof, TributaryClient, type VerbOutput, type Verified, verify } from './index.ts'

let stage: Stage
let said: VerbOutput<'ask'>
let proof: Proof
let publicKey: string
let root: string

beforeAll(async () => {
  stage = await openStage()
  const client = new TributaryClient({ url: stage.url, apiKey: await stage.key() })
  said = await client.call('ask', { model: 'bees', question: 'What is a nuc?' })
  const batch = await anchorBatch(stage.network.db, NOW)
  root = batch!.root
  await anchored(stage.network.db, batch!, '0xaa')
  proof = await client.proof(said.receiptId)
  publicKey = await client.publicKey(proof.receipt.keyId)
})
afterAll(() => stage.close())

const failing = ({ checks }: Verified): string[] =>
  checks.filter(({ ok }) => ok === false).map(({ name }) => name)
const open = ({ checks }: Verified): string[] =>
  checks.filter(({ ok }) => ok === null).map(({ name }) => name)

describe('a receipt checked offline', () => {
  it('holds with the node’s key, the words, the ledger’s event and the root on chain', () => {
    const verified = verify(JSON.parse(JSON.stringify(proof)), { publicKey, said, root: `0x${root}` })
    expect(verified.ok).toBe(true)
    expect(verified.checks.every(({ ok }) => ok === true)).toBe(true)
    expect(nameOfKey(publicKey)).toBe(proof.receipt.keyId)
  })

  it('holds without the words, and says that they were not checked', () => {
    const verified = verify(proof, { publicKey })
    expect([verified.ok, open(verified)]).toEqual([true, ['words']])
  })

  it('does not hold for another answer, another id or a changed price', () => {
    expect(failing(verify(proof, { publicKey, said: { ...said, answer: 'No.' } }))).toEqual(['words'])
    const changed = (part: object): Proof => ({ ...proof, receipt: { ...proof.receipt, ...part } })
    expect(failing(verify(changed({ id: said.answerId }), { publicKey }))).toContain('signature')
    const text = proof.receipt.text.replace('50000', '1')
    expect(failing(verify(changed({ text }), { publicKey }))).toContain('signature')
    expect(failing(verify(changed({ text: 'nonsense' }), { publicKey }))).toContain('signature')
  })

  it('does not hold with another node’s key', () => {
    const theirs = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
    expect(failing(verify(proof, { publicKey: theirs }))).toEqual(['signature'])
    expect(failing(verify(proof, { publicKey: 'nonsense' }))).toEqual(['signature'])
  })

  it('does not hold under another root than the one on chain', () => {
    expect(failing(verify(proof, { publicKey, root: 'ab'.repeat(32) }))).toEqual(['anchor'])
    const unanchored = { receipt: proof.receipt, event: { ...proof.event!, anchor: null, proof: null } }
    expect(failing(verify(unanchored, { publicKey, root }))).toEqual(['anchor'])
    expect(open(verify(unanchored, { publicKey }))).toContain('anchor')
  })

  it('does not hold with an event that was changed, or tells of something else', async () => {
    const payload = { ...(proof.event!.payload as object), units: '1' }
    expect(failing(verify({ ...proof, event: { ...proof.event!, payload } }, { publicKey }))).toEqual([
      'event',
    ])
    const event = await new TributaryClient({ url: stage.url }).call('event', { seq: 1 })
    expect(failing(verify({ ...proof, event }, { publicKey }))).toContain('event')
  })

  it('holds after the event was erased: its hash stands, what it told cannot be seen', async () => {
    await eraseSubject(stage.network.db, said.answerId)
    const erased = await new TributaryClient({ url: stage.url }).proof(said.receiptId)
    const verified = verify(erased, { publicKey, root })
    expect([verified.ok, open(verified)]).toEqual([true, ['words', 'event']])
  })
})
