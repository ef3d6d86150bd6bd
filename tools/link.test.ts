import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openWallets } from '../infra/chain-wallets.ts'
import { standingClock } from '../infra/clock.ts'
import { newId } from '../infra/ids.ts'
import type { Network } from './context.ts'
import { join } from './join.ts'
import { link } from './link.ts'
import { notices } from './notices.ts'
import { notify } from './notify.ts'
import { linkedAccounts, linkedWallet, speaksFor } from './person.ts'
import { call } from './registry.ts'
import { anyone, as, ids, NOW, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'
import { unlink } from './unlink.ts'

let small: SmallNetwork
let network: Network
beforeAll(async () => {
  small = await openSmallNetwork()
  const chain = {
    ...small.network.chain,
    status: async () => ({ embedded: false, chainId: 31337 }),
  } as unknown as Network['chain']
  network = { ...small.network, chain }
  await network.db.query(`select setval('account_wallets', 2)`)
  for (const [subject, id] of [
    ['ann', ids.ann],
    ['bob', ids.bob],
  ])
    await network.db.query(
      `insert into identities (platform, subject, account_id, created_at) values ('discord', $1, $2, $3)`,
      [subject, id, NOW],
    )
})
afterAll(() => small.remove())

const enter = async (platform: string, subject: string): Promise<string> =>
  (await call(network, anyone, join, { name: subject, platform, subject })).accountId
const later = (minutes: number): Network => ({
  ...network,
  clock: { ...standingClock(new Date(NOW.getTime() + minutes * 60_000)), offsetMs: 0 } as Network['clock'],
})
const codeOf = async (accountId: string): Promise<string> => {
  const made = await call(network, as(accountId), link, {})
  if (made.kind !== 'code') throw new Error('no code')
  return made.code
}

describe('a code', () => {
  let guest: string
  let subject: string
  beforeEach(async () => {
    subject = newId()
    guest = await enter('telegram', subject)
  })

  it('has eight letters that nobody mistakes, and is stored nowhere', async () => {
    const code = await codeOf(ids.ann)
    expect(code).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/)
    const plain = code.replace('-', '')
    for (const table of ['link_codes', 'calls', 'events', 'open_calls']) {
      const kept = await network.db.query(`select t::text as text from ${table} t`)
      expect(JSON.stringify(kept)).not.toContain(plain)
      expect(JSON.stringify(kept)).not.toContain(code)
    }
  })

  it('joins an unused account silently: the identity speaks for the one that made the code', async () => {
    const linked = await call(network, as(guest), link, { with: (await codeOf(ids.ann)).toLowerCase() })
    expect(linked).toMatchObject({ kind: 'account', accountId: ids.ann, name: 'Ann', folded: true })
    expect(await enter('telegram', subject)).toBe(ids.ann)
  })

  it('leaves what a used account holds in it, for the same person to come back to', async () => {
    await network.db.query(
      `insert into submissions (id, proposal_id, account_id, rows, state, received_at) values ($1, $2, $3, 0, 'curated', $4)`,
      [newId(), ids.bees, guest, NOW],
    )
    await notify(network, network.db, guest, 'proposal.passed', { name: 'bees' })
    const linked = await call(network, as(guest), link, { with: await codeOf(ids.ann) })
    expect(linked).toMatchObject({ folded: false, leftBalanceUnits: '0', leftClaimableUnits: '0' })
    expect(await enter('telegram', subject)).toBe(ids.ann)
    await notify(network, network.db, guest, 'proposal.passed', { name: 'wasps' })
    const told = await call(network, as(ids.ann), notices, {})
    expect(told.notices.map(({ facts }) => facts.name)).toEqual(expect.arrayContaining(['bees', 'wasps']))
    await call(network, as(ids.ann), unlink, { what: 'Telegram' })
    expect(await enter('telegram', subject)).toBe(guest)
  })

  it('makes the two accounts one person’s for good, so that neither pays the other', async () => {
    await call(network, as(guest), link, { with: await codeOf(ids.bob) })
    await call(network, as(ids.bob), unlink, { what: 'telegram' })
    const linked = await linkedAccounts(network.db)
    expect(linked(guest, ids.bob)).toBe(true)
    expect(linked(ids.bob, guest)).toBe(true)
    expect(linked(ids.ann, ids.bob)).toBe(false)
  })

  it('works once, for ten minutes, until the next one is made, and not for its own account', async () => {
    const first = await codeOf(ids.ann)
    const second = await codeOf(ids.ann)
    const type = (code: string, on = network) => call(on, as(guest), link, { with: code })
    await expect(type(first)).rejects.toMatchObject({ code: 'link-code-unknown' })
    await expect(type(second, later(11))).rejects.toMatchObject({ code: 'link-code-unknown' })
    await expect(call(network, as(ids.ann), link, { with: second })).rejects.toMatchObject({
      code: 'link-self',
    })
    expect(await type(second)).toMatchObject({ accountId: ids.ann })
    await expect(type(second)).rejects.toMatchObject({ code: 'link-code-unknown' })
  })

  it('may be guessed five times an hour, at once or one after the other', async () => {
    const right = await codeOf(ids.ann)
    const tries = await Promise.allSettled(
      Array.from({ length: 7 }, () => call(network, as(guest), link, { with: 'AAAA-AAAA' })),
    )
    const codes = tries.map(one => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'ok'))
    expect(codes.toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => 'link-code-unknown'),
      'link-tries',
      'link-tries',
    ])
    await expect(call(network, as(guest), link, { with: right })).rejects.toMatchObject({
      code: 'link-tries',
    })
    const next = later(61)
    const fresh = await call(next, as(ids.ann), link, {})
    expect(
      await call(next, as(guest), link, { with: fresh.kind === 'code' ? fresh.code : '' }),
    ).toMatchObject({
      accountId: ids.ann,
    })
  })

  it('typed again by a surface that was killed after it returns the same, though it speaks for the other account now', async () => {
    const code = await codeOf(ids.ann)
    const once = await call(network, as(guest), link, { with: code }, { key: 'chat/9' })
    expect(await call(network, as(ids.ann), link, { with: code }, { key: 'chat/9' })).toEqual(once)
    await expect(call(network, as(ids.ann), link, { with: code }, { key: 'chat/10' })).rejects.toMatchObject({
      code: 'link-code-unknown',
    })
  })

  it('is followed by a surface that remembers the account, until the identity goes back', async () => {
    await call(network, as(guest), link, { with: await codeOf(ids.ann) })
    expect(await speaksFor(network.db, guest)).toBe(ids.ann)
    expect(await speaksFor(network.db, ids.ann)).toBe(ids.ann)
  })

  it('typed again under the same key changes nothing and is no second try', async () => {
    const code = await codeOf(ids.ann)
    const once = await call(network, as(guest), link, { with: code }, { key: 'k' })
    expect(await call(network, as(guest), link, { with: code }, { key: 'k' })).toEqual(once)
    const tries = await network.db.query('select from link_tries where account_id = $1', [guest])
    expect(tries).toHaveLength(1)
  })
})

describe('unlink', () => {
  it('never takes away the last way into an account, nor what is not linked', async () => {
    await expect(call(network, as(ids.bob), unlink, { what: 'discord' })).rejects.toMatchObject({
      code: 'identity-last',
    })
    for (const what of ['matrix', 'wallet'])
      await expect(call(network, as(ids.bob), unlink, { what })).rejects.toMatchObject({
        code: 'link-unknown',
      })
  })
})

describe('a wallet', () => {
  const person = openWallets(new Uint8Array(64).fill(7)).person(0)
  const other = openWallets(new Uint8Array(64).fill(7)).person(1)
  const ask = async (accountId: string): Promise<string> => {
    const asked = await call(network, as(accountId), link, { with: person.address.toLowerCase() })
    if (asked.kind !== 'message') throw new Error('no message')
    return asked.message
  }

  it('is linked once its key has signed the message for this account, and given back by unlink', async () => {
    const message = await ask(ids.ann)
    expect(message).toContain(`URI: urn:uuid:${ids.ann}`)
    expect(await linkedWallet(network.db, ids.ann)).toBeNull()
    const signature = await person.signMessage({ message })
    expect(await call(network, as(ids.ann), link, { with: person.address, signature })).toEqual({
      kind: 'wallet',
      address: person.address,
    })
    expect(await linkedWallet(network.db, ids.ann)).toBe(person.address)
    await call(network, as(ids.ann), unlink, { what: 'wallet' })
    expect(await linkedWallet(network.db, ids.ann)).toBeNull()
  })

  it('is not linked by another key, another account’s message, an old one, or a signature used before', async () => {
    const message = await ask(ids.bob)
    const good = await person.signMessage({ message })
    const refused = (accountId: string, signature: string, on = network) =>
      expect(call(on, as(accountId), link, { with: person.address, signature })).rejects.toMatchObject({
        code: expect.stringMatching(/^wallet-(signature|message-unknown)$/),
      })
    await refused(ids.bob, await other.signMessage({ message }))
    await refused(ids.bob, 'not a signature')
    await refused(ids.ann, good)
    await refused(ids.bob, good, later(61))
    await call(network, as(ids.bob), link, { with: person.address, signature: good })
    await refused(ids.bob, good)
  })

  it('that signs for two accounts makes them one person’s', async () => {
    const message = await ask(ids.ann)
    await call(network, as(ids.ann), link, {
      with: person.address,
      signature: await person.signMessage({ message }),
    })
    expect((await linkedAccounts(network.db))(ids.ann, ids.bob)).toBe(true)
  })

  it('has to be an address with a right checksum', async () => {
    for (const wrong of ['0x1234', `${person.address.slice(0, -1)}z`])
      await expect(call(network, as(ids.ann), link, { with: wrong })).rejects.toMatchObject({
        code: 'wallet-address',
      })
  })
})
