import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../infra/canonical.ts'
import type { ReceiptSigner } from '../../infra/receipts.ts'
import { MANIFEST } from './format.ts'
import { openSampleNetwork, type SampleNetwork } from './sample-network.ts'
import { playSampleStory } from './sample-story.ts'
import { packBundle, tamper, unpackBundle } from './tamper.ts'
import { MANIFEST_SIGNED, tamperings } from './tamperings.ts'
import { paymentTamperings } from './tamperings-payments.ts'
import { verifyBundle } from './verify.ts'

let sample: SampleNetwork
let signer: ReceiptSigner
let bundle: Buffer

beforeAll(async () => {
  sample = await openSampleNetwork()
  signer = sample.network.receipts
  bundle = readFileSync(await playSampleStory(sample))
}, 60_000)
afterAll(() => sample.remove())

const failing = async (bytes: Uint8Array): Promise<string[]> => {
  const { ok, checks } = await verifyBundle(bytes)
  const names = checks.filter(check => !check.ok).map(check => check.name)
  expect(ok).toBe(names.length === 0)
  for (const check of checks) if (!check.ok) expect(check.detail).not.toBe('')
  return names
}

const ARCHIVE = 'the archive is whole'
const FILES = 'every file has the hash in the manifest'
const READABLE = 'records can be read'

test('an exported bundle holds, from its bytes or its path, without anything else', async () => {
  const { ok, checks } = await verifyBundle(bundle)
  expect(checks.filter(check => !check.ok)).toEqual([])
  expect(ok).toBe(true)
  expect(checks.every(check => check.count > 0)).toBe(true)
  expect((await verifyBundle(join(sample.network.folder, 'exports', 'sample.tar'))).ok).toBe(true)
})

describe('a node that signs a false bundle is caught by', () => {
  test.each([...tamperings, ...paymentTamperings])('%s', { timeout: 30_000 }, async (_, expected, change) => {
    expect((await failing(await tamper(bundle, signer, change))).toSorted()).toEqual(expected.toSorted())
  })
})

describe('a bundle changed on its way is refused:', () => {
  test('a changed file does not have the hash that the manifest names', async () => {
    const files = await unpackBundle(bundle)
    files.set(
      'payouts.jsonl',
      (files.get('payouts.jsonl') ?? '').replace('"provisional":true', '"provisional":false'),
    )
    expect(await failing(await packBundle(files))).toEqual([FILES])
  })

  test('a changed hash in the manifest breaks its signature', async () => {
    const files = await unpackBundle(bundle)
    const manifest = files.get(MANIFEST) ?? ''
    const hash = sha256Hex(files.get('payouts.jsonl') ?? '')
    files.set(MANIFEST, manifest.replace(hash, sha256Hex('other')))
    expect(await failing(await packBundle(files))).toEqual([MANIFEST_SIGNED, FILES])
  })

  test('a cut archive is named as damaged', async () => {
    expect(await failing(bundle.subarray(0, bundle.length >> 1))).toContain(ARCHIVE)
  })

  test('a missing file is named', async () => {
    const files = await unpackBundle(bundle)
    files.delete('claims.jsonl')
    const { checks } = await verifyBundle(await packBundle(files))
    expect(checks.find(check => check.name === ARCHIVE)?.detail).toBe('claims.jsonl is missing')
  })

  test('a file that is no part of a bundle is refused and written nowhere', async () => {
    const files = await unpackBundle(bundle)
    files.set('../../outside.json', 'x')
    expect(await failing(await packBundle(files))).toEqual([ARCHIVE])
  })

  test('a file turned into a folder ends the reading at once', async () => {
    const changed = Buffer.from(bundle)
    changed[156] = '5'.charCodeAt(0)
    // A tar header's checksum: the sum of its 512 bytes, with the checksum itself as spaces.
    changed.fill(' ', 148, 156)
    const sum = changed.subarray(0, 512).reduce((all, byte) => all + byte, 0)
    changed.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1')
    const { ok, checks } = await verifyBundle(changed)
    expect(ok).toBe(false)
    expect(checks.find(check => check.name === ARCHIVE)?.detail).toMatch(
      /"manifest.json" is a directory, not a file/,
    )
  })

  test('lines that are no records are named by file and line, and the rest is still checked', {
    timeout: 30_000,
  }, async () => {
    const files = await unpackBundle(bundle)
    const deep = '['.repeat(1_000_000)
    for (const line of [
      '{',
      'null',
      deep,
      '{"__proto__":{}}',
      `{"units":"${'9'.repeat(100_000)}"}`,
      '\u0000\uffff',
    ])
      files.set('claims.jsonl', `${files.get('claims.jsonl')}${line}\n`)
    const { checks } = await verifyBundle(await packBundle(files))
    expect(checks.filter(check => !check.ok).map(check => check.name)).toEqual([FILES, READABLE])
    expect(checks.find(check => check.name === READABLE)?.detail).toMatch(
      /^claims\.jsonl line 4: it is not JSON; .* and 1 more$/,
    )
  })
})

describe('whatever is handed in,', () => {
  test('bytes that are no bundle fail and name the archive', async () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(4096),
      randomBytes(5000),
      Buffer.from('{"not":"a tar"}'),
    ])
      expect(await failing(bytes)).toContain(ARCHIVE)
  })

  test('a damaged bundle gives an answer, wherever it is cut or flipped', { timeout: 60_000 }, async () => {
    for (let at = 300; at < bundle.length - 2048; at += Math.ceil(bundle.length / 8)) {
      expect((await verifyBundle(bundle.subarray(0, at))).ok).toBe(false)
      const flipped = Buffer.from(bundle)
      flipped[at] = (flipped[at] as number) ^ 0x55
      expect(typeof (await verifyBundle(flipped)).ok).toBe('boolean')
    }
  })

  test('a path without a file is a fault that says what to pass', async () => {
    await expect(verifyBundle('/nowhere/bundle.tar')).rejects.toMatchObject({ code: 'bundle-missing' })
    await expect(verifyBundle(sample.network.folder)).rejects.toMatchObject({ code: 'bundle-missing' })
  })

  test('a file larger than any bundle is refused before it is read', async () => {
    const file = join(sample.network.folder, 'huge.tar')
    writeFileSync(file, '')
    truncateSync(file, 2 ** 31)
    await expect(verifyBundle(file)).rejects.toMatchObject({ code: 'bundle-too-large' })
    rmSync(file)
    await expect(verifyBundle(bundle, { mostBytes: bundle.length - 1 })).rejects.toMatchObject({
      code: 'bundle-too-large',
    })
  })
})
