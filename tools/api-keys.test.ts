import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { standingClock } from '../infra/clock.ts'
import { checkKey } from './api-key-check.ts'
import { parseKey } from './api-keys.ts'
import type { Caller, Network } from './context.ts'
import { issueKey } from './issue-key.ts'
import { keys } from './keys.ts'
import { call } from './registry.ts'
import { revokeKey } from './revoke-key.ts'
import { rotateKey } from './rotate-key.ts'
import { anyone, as, ids, NOW, openSmallNetwork, type SmallNetwork } from './testing/small-network.ts'
import { verbs } from './verbs.ts'

let small: SmallNetwork
let network: Network
beforeAll(async () => {
  small = await openSmallNetwork()
  network = small.network
})
afterAll(() => small.remove())

const ann = as(ids.ann)
const bob = as(ids.bob)
const issue = async (input: Partial<Parameters<typeof issueKey.run>[1]> = {}, who = ann) => {
  const { key, ...told } = await call(network, who, issueKey, { name: 'test', ...input, budget: undefined })
  return { key: key ?? '', ...told }
}
const later = (minutes: number): Network => ({
  ...network,
  clock: { ...standingClock(new Date(NOW.getTime() + minutes * 60_000)), offsetMs: 0 } as Network['clock'],
})
const refusal = (code: string) => expect.objectContaining({ code })

describe('a key', () => {
  it('speaks for its account with its scopes, and its use is seen in the list', async () => {
    const { id, key } = await issue()
    expect(await checkKey(network, key)).toMatchObject({ id, accountId: ids.ann, scopes: ['ask', 'read'] })
    const { keys: listed } = await call(network, ann, keys, {})
    expect(listed.find(item => item.id === id)).toMatchObject({
      state: 'active',
      lastUsedAt: NOW.toISOString(),
      budgetUnits: null,
      expiresAt: '2026-05-30T12:00:00.000Z',
    })
    expect(JSON.stringify(listed)).not.toContain(parseKey(key)?.secret)
  })

  it('is stored in no table, and a repeated call tells it no second time', async () => {
    const again = () => call(network, ann, issueKey, { name: 'once' }, { key: 'once' })
    const first = await again()
    expect(first.key).toMatch(/^trib_[a-z0-9]{12}_[\w-]{43}$/)
    expect(await again()).toEqual({ ...first, key: null, note: expect.stringContaining('rotate-key') })
    const secret = parseKey(first.key ?? '')?.secret ?? 'none'
    const tables = await network.db.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    )
    for (const { name } of tables) {
      const rows = await network.db.query(`select 1 from "${name}" t where t::text like $1`, [`%${secret}%`])
      expect(rows, name).toEqual([])
    }
  })

  it('is told to one of two calls of the same key at once', async () => {
    const twice = await Promise.all(
      [1, 2].map(() => call(network, ann, issueKey, { name: 'twice' }, { key: 'twice' })),
    )
    const [told] = twice.filter(({ key }) => key !== null)
    expect(twice.filter(({ key }) => key !== null)).toHaveLength(1)
    expect(await checkKey(network, told?.key ?? '')).toMatchObject({ id: told?.id })
  })

  it('is refused when it is made up, altered, or of another key', async () => {
    const [one, other] = [await issue(), await issue()]
    const swapped = `trib_${one.id}_${parseKey(other.key)?.secret}`
    const altered = one.key.slice(0, -1) + (one.key.endsWith('A') ? 'B' : 'A')
    for (const text of [
      '',
      'trib_',
      'trib_local_x',
      swapped,
      altered,
      `${one.key} `,
      `trib_${'a'.repeat(12)}_${'b'.repeat(43)}`,
    ])
      await expect(checkKey(network, text), text).rejects.toEqual(refusal('key-invalid'))
  })

  it('is refused once it has expired, which is at most a year', async () => {
    const { key } = await issue({ days: 1 })
    await expect(checkKey(later(24 * 60 - 1), key)).resolves.toMatchObject({ accountId: ids.ann })
    await expect(checkKey(later(24 * 60), key)).rejects.toEqual(refusal('key-expired'))
    await expect(issue({ days: 366 })).rejects.toEqual(refusal('input-invalid'))
  })

  it('is refused at once after it was revoked, whatever was looked up before', async () => {
    const { id, key } = await issue()
    await checkKey(network, key)
    await call(network, ann, revokeKey, { id })
    await expect(checkKey(network, key)).rejects.toEqual(refusal('key-invalid'))
    await expect(call(network, ann, rotateKey, { id })).rejects.toEqual(refusal('wrong-state'))
  })

  it('has a new secret after a rotation, and the one before works until the overlap ends', async () => {
    const { id, key } = await issue()
    const { key: second } = await call(network, ann, rotateKey, { id, overlapMinutes: 5 })
    await expect(checkKey(later(4), key)).resolves.toMatchObject({ id })
    await expect(checkKey(later(5), key)).rejects.toEqual(refusal('key-invalid'))
    const { key: third } = await call(network, ann, rotateKey, { id })
    await expect(checkKey(network, second ?? '')).rejects.toEqual(refusal('key-invalid'))
    await expect(checkKey(network, third ?? '')).resolves.toMatchObject({ id })
  })

  it('is nobody else’s to rotate, revoke or see', async () => {
    const { id } = await issue()
    for (const verb of [rotateKey, revokeKey])
      await expect(call(network, bob, verb, { id })).rejects.toEqual(refusal('api-key-unknown'))
    expect((await call(network, bob, keys, {})).keys).toEqual([])
    await expect(call(network, anyone, keys, {})).rejects.toEqual(refusal('not-allowed'))
  })

  it('reaches no verb that decides over keys, identities or the account', async () => {
    const caller: Caller = { ...ann, key: { id: 'k', scopes: ['ask', 'read', 'write', 'money', 'vote'] } }
    const inPerson = verbs.filter(verb => verb.inPerson === true)
    expect(inPerson.map(({ name }) => name)).toEqual([
      'erase',
      'issue-key',
      'keys',
      'link',
      'revoke-key',
      'rotate-key',
      'unlink',
    ])
    for (const verb of inPerson)
      await expect(call(network, caller, verb, {})).rejects.toEqual(refusal('not-allowed'))
  })
})

describe('an account', () => {
  it('speaks through its keys for the account it was linked to, which may end them', async () => {
    const { id, key } = await issue({}, bob)
    await network.db.query(
      `insert into linked_accounts (account_id, linked_id, by, at) values ($1, $2, 'code', $3)`,
      [ids.bob, ids.ann, NOW],
    )
    await call(network, ann, revokeKey, { id: (await issue()).id })
    expect(await checkKey(network, key)).toMatchObject({ accountId: ids.ann })
    expect((await call(network, ann, keys, {})).keys.map(item => item.id)).toContain(id)
    await call(network, ann, revokeKey, { id })
    await network.db.query('delete from linked_accounts')
  })

  it('has keys no more once it is erased', async () => {
    const { key } = await issue()
    await network.db.query('update accounts set erased_at = $2 where id = $1', [ids.ann, NOW])
    await expect(checkKey(network, key)).rejects.toEqual(refusal('key-invalid'))
    await network.db.query('update accounts set erased_at = null where id = $1', [ids.ann])
  })

  it('has at most a hundred keys that work', async () => {
    for (let made = 0; made < 100; made++) await issue({}, bob)
    await expect(issue({}, bob)).rejects.toEqual(refusal('keys-too-many'))
  })
})
