import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Blobs, openBlobs } from '../infra/blobs.ts'
import { type Chats, keepDays, openChats } from './chats.ts'
import type { Network } from './context.ts'
import { erase } from './erase.ts'
import { call } from './registry.ts'
import { as, ids, NOW, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'

let small: SmallNetwork
let folder: string
let blobs: Blobs
let network: Network
let chats: Chats
beforeAll(async () => {
  small = await openSmallNetwork()
  folder = await mkdtemp(join(tmpdir(), 'chat-files-'))
  blobs = await openBlobs(folder)
  const chain = {
    ...small.network.chain,
    status: async () => ({ embedded: true, chainId: 31337 }),
  } as unknown as Network['chain']
  network = { ...small.network, blobs, chain, folder }
  chats = openChats(network)
})
afterAll(async () => {
  await small.remove()
  await rm(folder, { recursive: true, force: true })
})

const send = (subject: string, name: string, words: string): Promise<string> =>
  chats.putFile(Buffer.from(words), { platform: 'discord', subject, name })
const read = async (subject: string, name: string): Promise<string | null> => {
  const bytes = await chats.file('discord', subject, name)
  return bytes === null ? null : Buffer.from(bytes).toString()
}

it('a file is its sender’s as soon as it is kept', async () => {
  await send('dan', 'a.csv', 'one')
  expect(await read('dan', 'a.csv')).toBe('one')
  expect(await read('eve', 'a.csv')).toBeNull()
})

it('a file that another one of that name replaces leaves no bytes, unless somebody else sent the same', async () => {
  const [alone, shared] = [await send('fay', 'a.csv', 'alone'), await send('fay', 'b.csv', 'shared')]
  await send('gus', 'c.csv', 'shared')
  const again = await send('fay', 'a.csv', 'later')
  await send('fay', 'b.csv', 'later')
  expect(await Promise.all([alone, shared, again].map(blobs.has))).toEqual([false, true, true])
  expect(await read('gus', 'c.csv')).toBe('shared')
})

it('the same file sent over and over, by many at once, is never lost', async () => {
  await Promise.all(
    Array.from({ length: 30 }, (_, at) => send(`crowd-${at % 3}`, 'x.csv', at % 2 === 0 ? 'even' : 'odd')),
  )
  await chats.clean()
  for (const subject of ['crowd-0', 'crowd-1', 'crowd-2'])
    expect(await read(subject, 'x.csv')).toMatch(/even|odd/)
})

it('what is kept long enough goes, bytes and all', async () => {
  const old = await send('hal', 'a.csv', 'old')
  await network.db.query(`update chat_files set at = $1 where subject = 'hal'`, [
    new Date(NOW.getTime() - (keepDays.files + 1) * 86_400_000),
  ])
  await chats.clean()
  expect(await blobs.has(old)).toBe(false)
})

it('erasing an account removes the bytes of its files, also of an identity that was linked to it', async () => {
  for (const [subject, account, home] of [
    ['bob', ids.bob, null],
    ['bob-too', ids.bob, ids.ann],
  ])
    await network.db.query(
      `insert into identities (platform, subject, account_id, home_id, created_at) values ('discord', $1, $2, $3, $4)`,
      [subject, account, home, NOW],
    )
  const sent = [await send('bob', 'a.csv', 'my secret'), await send('bob-too', 'a.csv', 'another secret')]
  expect(await Promise.all(sent.map(blobs.has))).toEqual([true, true])
  await call(network, as(ids.bob), erase, { giveUp: true }, { key: 'erase' })
  expect(await Promise.all(sent.map(blobs.has))).toEqual([false, false])
})
