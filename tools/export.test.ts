import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { append } from '../infra/ledger.ts'
import { anchor } from './anchor.ts'
import { openSampleNetwork, type SampleNetwork } from './bundle/sample-network.ts'
import { playSampleStory } from './bundle/sample-story.ts'
import { unpackBundle } from './bundle/tamper.ts'
import { exportBundle } from './export.ts'

let sample: SampleNetwork
let file: string
let bundle: Map<string, string>

beforeAll(async () => {
  sample = await openSampleNetwork()
  file = await playSampleStory(sample)
  bundle = await unpackBundle(file)
}, 60_000)
afterAll(() => sample.remove())

const recordsOf = (name: string): Record<string, unknown>[] =>
  (bundle.get(`${name}.jsonl`) ?? '')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))

test('an export leaves one whole file that only its owner may read, and no part of one', () => {
  expect(readdirSync(dirname(file))).toEqual(['sample.tar'])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('an export without a path makes a new file in the data folder and counts what it holds', async () => {
  const made = await sample.as('operator')(exportBundle, {}, 'twice')
  expect(dirname(made.file)).toBe(join(sample.network.folder, 'exports'))
  expect(made).toMatchObject({ bytes: statSync(made.file).size, events: recordsOf('events').length })
  expect(made.receipts).toBe(recordsOf('receipts').length)
  expect(await sample.as('operator')(exportBundle, {}, 'twice')).toEqual(made)
})

test('a relative path is refused with what to write instead', async () => {
  await expect(sample.as('operator')(exportBundle, { file: 'bundle.tar' })).rejects.toMatchObject({
    code: 'file-relative',
  })
})

test('a path that cannot be written to is a fault that says so', async () => {
  const folder = dirname(file)
  for (const path of [join(file, 'below-a-file.tar'), folder])
    await expect(sample.as('operator')(exportBundle, { file: path })).rejects.toMatchObject({
      code: 'file-unwritable',
    })
  expect(readdirSync(dirname(folder)).filter(name => name.includes('part'))).toEqual([])
})

test('an export that fails leaves the file of that name as it was', async () => {
  const before = readFileSync(file)
  const { network } = sample
  const broken = {
    ...network,
    chain: { ...network.chain, rawTransactions: () => Promise.reject(new Error('gone')) },
  }
  await expect(sample.as('operator', broken)(exportBundle, { file })).rejects.toThrow('gone')
  expect(readFileSync(file).equals(before)).toBe(true)
  expect(readdirSync(dirname(file)).filter(name => name.includes('part'))).toEqual([])
})

test('votes of a poll that is still open stay out, those of a counted one are in', () => {
  const [counted, open] = recordsOf('proposals').map(proposal => proposal.id)
  const cast = recordsOf('events').filter(event => event.kind === 'ballot.cast')
  for (const event of cast) expect(event.payload === null && event.salt === null).toBe(event.subject === open)
  expect(new Set(cast.map(event => event.subject))).toEqual(new Set([counted, open]))
  const votes = recordsOf('receipts').filter(receipt => receipt.kind === 'ballot')
  expect(votes.length).toBeGreaterThan(0)
  expect(votes.every(receipt => String(receipt.receipt).includes(String(counted)))).toBe(true)
  expect(recordsOf('ballots').every(ballot => ballot.proposal === counted)).toBe(true)
})

test('nothing that a person wrote is in a bundle, nor a key that a surface chose', () => {
  const all = [...bundle.values()].join('\n')
  for (const text of ['syrup', 'Syrup', 'hive', 'beekeepers', 'Anna', 'winter'])
    expect(all).not.toContain(text)
  for (const { key } of [...recordsOf('transfers'), ...recordsOf('chain')])
    expect(String(key)).toMatch(/^(0x[0-9a-f]{64}$|(x402)?[a-z-]*\/)/)
})

test('an anchor is posted once for a batch, however often it is asked for', async () => {
  const { db, chain } = sample.network
  const at = sample.network.clock.now()
  // The export before this has anchored everything so far.
  await db.tx(tx => append(tx, { at, kind: 'test.happened', actor: 'test', subject: 'test', payload: {} }))
  const made = await sample.as('treasurer')(anchor, {})
  expect(made.events).toBe(1)
  expect(await sample.as('treasurer')(anchor, {})).toEqual({ events: 0, anchor: null })
  const sent = (await chain.rawTransactions()).length
  // As a node that was killed after the chain had the root and before its own record of that.
  await db.query('update anchors set tx = null where to_seq = $1', [made.anchor?.toSeq])
  expect(await sample.as('treasurer')(anchor, {})).toEqual(made)
  expect((await chain.rawTransactions()).length).toBe(sent)
})
