import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { newId } from '../infra/ids.ts'
import type { Network } from './context.ts'
import { erase } from './erase.ts'
import { join } from './join.ts'
import { link } from './link.ts'
import { call } from './registry.ts'
import { anyone, as, ids, NOW, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'
import { unlink } from './unlink.ts'

let small: SmallNetwork
let network: Network
let guest: string
let subject: string
beforeAll(async () => {
  small = await openSmallNetwork()
  network = {
    ...small.network,
    chain: {
      ...small.network.chain,
      address: () => '0x0',
      status: async () => ({ embedded: false, chainId: 31337 }),
      balance: async () => 0n,
    } as unknown as Network['chain'],
    blobs: { remove: async () => {} } as unknown as Network['blobs'],
  }
  await network.db.query(`select setval('account_wallets', 2)`)
})
afterAll(() => small.remove())

beforeEach(async () => {
  subject = newId()
  guest = (await call(network, anyone, join, { name: 'Guest', platform: 'telegram', subject })).accountId
})

/** A conversation of the guest in a chat, with a button under it. */
const talk = async (chat: string): Promise<void> => {
  await network.db.query(
    `insert into chat_sessions (platform, chat, subject, session, at) values ('telegram', $1, $2, '{"pending": {}}', $3)`,
    [chat, subject, NOW],
  )
  for (const id of [`${chat}/${subject}`, `message/${chat}/${subject}`])
    await network.db.query(
      `insert into chat_buttons (id, platform, nonce, subject, act, made_at) values ($1, 'telegram', 'n', $2, '{}', $3)`,
      [id, subject, NOW],
    )
}
const left = async (): Promise<{ chats: string[]; buttons: string[] }> => {
  const chats = await network.db.query<{ chat: string }>(
    'select chat from chat_sessions where subject = $1 order by chat',
    [subject],
  )
  const buttons = await network.db.query<{ id: string }>(
    'select id from chat_buttons where subject = $1 order by id',
    [subject],
  )
  return {
    chats: chats.map(({ chat }) => chat),
    buttons: buttons.map(({ id }) => id.replace(`/${subject}`, '')),
  }
}
const linkToAnn = async (): Promise<void> => {
  const made = await call(network, as(ids.ann), link, {})
  if (made.kind === 'code') await call(network, as(guest), link, { with: made.code })
}

it('no question that was asked of one account is open for the one it is linked to', async () => {
  await talk('a')
  await linkToAnn()
  expect(await left()).toEqual({ chats: [], buttons: ['message/a'] })
})

it('the conversation in which a link is confirmed stays until it is answered', async () => {
  await talk('a')
  await talk('b')
  await network.db.query(
    `insert into chat_updates (platform, key, chat, subject, nonce, payload, attempts, received_at)
     values ('telegram', $1, 'a', $2, $1, $3, 1, $4)`,
    [newId(), subject, JSON.stringify({ act: { kind: 'button', id: `a/${subject}` } }), NOW],
  )
  await linkToAnn()
  expect(await left()).toEqual({ chats: ['a'], buttons: ['a', 'message/a', 'message/b'] })
})

it('an unlink forgets the conversations of the identities that it parts', async () => {
  await network.db.query(
    `insert into identities (platform, subject, account_id, created_at) values ('discord', $1, $2, $3) on conflict do nothing`,
    ['ann', ids.ann, NOW],
  )
  await linkToAnn()
  await talk('a')
  await call(network, as(ids.ann), unlink, { what: 'telegram' })
  expect(await left()).toEqual({ chats: [], buttons: ['message/a'] })
})

it('an erasure leaves no question open for the account that a linked identity goes back to', async () => {
  const owner = (await call(network, anyone, join, { name: 'Owner', platform: 'discord', subject: newId() }))
    .accountId
  await network.db.query('update identities set home_id = account_id, account_id = $2 where subject = $1', [
    subject,
    owner,
  ])
  await talk('a')
  await call(network, as(owner), erase, { giveUp: true })
  expect(await left()).toEqual({ chats: [], buttons: ['message/a'] })
  const [back] = await network.db.query<{ id: string }>(
    'select account_id::text as id from identities where subject = $1',
    [subject],
  )
  expect(back?.id).toBe(guest)
})
