import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { append } from '../../../infra/ledger.ts'
import type { Network } from '../../context.ts'
import { call } from '../../registry.ts'
import { subscribe } from '../../subscribe.ts'
import { subscriptions } from '../../subscriptions.ts'
import { as, ids, NOW, openSmallNetwork } from '../../testing/small-network.ts'
import { unsubscribe } from '../../unsubscribe.ts'
import { keepReach } from '../../webhooks.ts'
import { openDeliveries } from './deliveries.ts'
import type { Outcome, Post } from './post.ts'

const url = 'https://hooks.example/tributary'
const failed: Outcome = { ok: false, reason: 'It answered 500.' }

describe('deliveries of webhooks', () => {
  let network: Network
  let close: () => Promise<void>
  let at = NOW
  let sent: Post[] = []
  let answer: (post: Post) => Outcome = () => ({ ok: true })
  const stop = new AbortController()

  beforeAll(async () => {
    const { network: small, remove } = await openSmallNetwork()
    const folder = await mkdtemp(join(tmpdir(), 'tributary-webhooks-'))
    network = { ...small, folder, clock: { now: () => at, offsetMs: 0 } }
    close = async () => {
      await remove()
      await rm(folder, { recursive: true, force: true })
    }
  })
  afterAll(() => close())
  beforeEach(async () => {
    await network.db.query('delete from webhooks')
    ;[at, sent, answer] = [NOW, [], () => ({ ok: true })]
  })

  const happen = async (kind: string, subject: string = ids.bees, actor: string = 'curator') => {
    await network.db.tx(tx => append(tx, { at, kind, actor, subject, payload: { text: 'private' } }))
  }
  /** One look at what is due, as the worker has them, by a worker that knows nothing of earlier ones. */
  const turn = async (): Promise<number> => {
    const deliveries = openDeliveries(network, 'public', stop.signal, async post => {
      sent.push(post)
      return answer(post)
    })
    const started = await deliveries.start()
    await deliveries.settled()
    return started
  }
  const pass = (seconds: number) => {
    at = new Date(at.getTime() + seconds * 1000)
  }
  const state = async () => (await call(network, as(ids.ann), subscriptions, {})).subscriptions[0]
  const kinds = () => sent.map(({ body }) => (JSON.parse(body) as { type: string }).type)

  it('sends what happens after the subscription, in order and once, signed so that its owner can tell', async () => {
    const { secret } = await call(network, as(ids.ann), subscribe, { url })
    at = new Date()
    for (const kind of ['thing.one', 'thing.two', 'thing.three']) await happen(kind)
    expect(await turn()).toBe(1)
    expect(await turn()).toBe(0)
    expect(kinds()).toEqual(['thing.one', 'thing.two', 'thing.three'])
    const [first] = sent as [Post]
    const body = new Webhook(secret as string).verify(first.body, first.headers) as Record<string, unknown>
    expect(body).toEqual({
      type: 'thing.one',
      timestamp: at.toISOString(),
      data: {
        seq: expect.any(String),
        kind: 'thing.one',
        subject: ids.bees,
        at: at.toISOString(),
        hash: expect.any(String),
      },
    })
    expect(() =>
      new Webhook(secret as string).verify(first.body.replace('one', 'two'), first.headers),
    ).toThrow()
    expect(await state()).toMatchObject({ state: 'active', delivered: 3, failures: 0, reason: null })
  })

  it('tries the next event again under the same id, later each time, and sends none before it', async () => {
    await call(network, as(ids.ann), subscribe, { url })
    await happen('thing.one')
    await happen('thing.two')
    answer = () => failed
    await turn()
    expect(await turn()).toBe(0)
    pass(10)
    await turn()
    pass(10)
    expect(await turn()).toBe(0)
    expect(await state()).toMatchObject({ failures: 2, reason: 'It answered 500.' })
    pass(10)
    answer = () => ({ ok: true })
    await turn()
    expect(kinds()).toEqual(['thing.one', 'thing.one', 'thing.one', 'thing.two'])
    expect(new Set(sent.slice(0, 3).map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(await state()).toMatchObject({ failures: 0, reason: null, nextTryAt: null })
  })

  it('gives a subscription up after a day of failures and says why', async () => {
    await call(network, as(ids.ann), subscribe, { url })
    await happen('thing.one')
    answer = () => failed
    for (let hours = 0; hours < 40; hours += 4) {
      await turn()
      pass(4 * 3600)
    }
    expect(await state()).toMatchObject({ state: 'dead', reason: 'It answered 500. It was tried for a day.' })
    expect(sent).toHaveLength(7)
  })

  it('gives a subscription up at once where the receiver says that it is gone', async () => {
    await call(network, as(ids.ann), subscribe, { url })
    await happen('thing.one')
    answer = () => ({ ok: false, reason: 'It answered 410: gone.', gone: true })
    await turn()
    expect(await state()).toMatchObject({ state: 'dead', reason: 'It answered 410: gone.' })
  })

  it('sends only the kinds that were asked for, and passes over others for good', async () => {
    await call(network, as(ids.ann), subscribe, { url, kinds: ['thing.two'] })
    for (const kind of ['thing.one', 'thing.two', 'thing.three']) await happen(kind)
    await turn()
    expect(kinds()).toEqual(['thing.two'])
    expect(await turn()).toBe(0)
  })

  it('knows what concerns an account: itself, its rows, answers and proposals', async () => {
    await call(network, as(ids.bob), subscribe, { url, aboutMe: true })
    await happen('thing.others', ids.answer)
    await happen('contribution.reviewed', ids.submission)
    await happen('thing.done', ids.bees, ids.bob)
    await happen('thing.row', ids.row(1))
    await turn()
    expect(kinds()).toEqual(['contribution.reviewed', 'thing.done', 'thing.row'])
  })

  it('holds up nobody else’s for two receivers of one account that do not answer', async () => {
    for (const path of ['a', 'b', 'c']) await call(network, as(ids.ann), subscribe, { url: `${url}/${path}` })
    await call(network, as(ids.bob), subscribe, { url: `${url}/bob` })
    await happen('thing.one')
    const hung = Promise.withResolvers<Outcome>()
    const bobs = Promise.withResolvers<void>()
    const tried: string[] = []
    const deliveries = openDeliveries(network, 'public', stop.signal, async ({ url: to }) => {
      tried.push(to)
      if (!to.endsWith('bob')) return hung.promise
      bobs.resolve()
      return { ok: true }
    })
    expect(await deliveries.start()).toBe(3)
    await bobs.promise
    hung.resolve({ ok: true })
    await deliveries.settled()
    expect(tried).toHaveLength(3)
  })

  it('looks past the many that one account has due', async () => {
    await network.db.query(
      `insert into webhooks (id, account_id, url, kinds, about_me, state, cursor_seq, created_at)
       select gen_random_uuid(), $1, $2, '{}', false, 'active', 0, $3 from generate_series(1, 250)`,
      [ids.ann, url, NOW],
    )
    await call(network, as(ids.bob), subscribe, { url: `${url}/bob` })
    await happen('thing.one')
    await turn()
    expect(sent.map(post => post.url)).toContain(`${url}/bob`)
  })

  it('sends what was cut off by the node’s end again', async () => {
    await call(network, as(ids.ann), subscribe, { url })
    await happen('thing.one')
    const ending = new AbortController()
    const deliveries = openDeliveries(network, 'public', ending.signal, async () => {
      ending.abort()
      return { ok: true }
    })
    await deliveries.start()
    await deliveries.settled()
    await turn()
    expect(kinds()).toEqual(['thing.one'])
  })

  it('sends nothing any more once its owner ended it, which nobody else can', async () => {
    const { webhook } = await call(network, as(ids.ann), subscribe, { url })
    await happen('thing.one')
    await expect(call(network, as(ids.bob), unsubscribe, { webhook })).rejects.toMatchObject({
      code: 'webhook-unknown',
    })
    expect((await call(network, as(ids.bob), subscriptions, {})).subscriptions).toEqual([])
    await call(network, as(ids.ann), unsubscribe, { webhook })
    expect(await turn()).toBe(0)
  })

  it('shows the secret once, and keeps it nowhere', async () => {
    const { secret } = await call(network, as(ids.ann), subscribe, { url }, { key: 'once' })
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect((await call(network, as(ids.ann), subscribe, { url }, { key: 'once' })).secret).toBeNull()
    expect(JSON.stringify(await network.db.query('select * from calls'))).not.toContain(secret)
    expect(JSON.stringify(await call(network, as(ids.ann), subscriptions, {}))).not.toContain(secret)
  })

  it('goes to public https addresses only, unless the node reaches anywhere', async () => {
    const to = (address: string) => call(network, as(ids.ann), subscribe, { url: address })
    for (const address of [
      'nothing',
      'http://hooks.example/',
      'ftp://hooks.example/',
      'https://user:word@hooks.example/',
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://[::ffff:10.0.0.1]/',
    ])
      await expect(to(address), address).rejects.toMatchObject({ code: 'webhook-refused' })
    await keepReach(network.db, 'anywhere')
    await expect(to('http://127.0.0.1:1/')).resolves.toMatchObject({ url: 'http://127.0.0.1:1/' })
    await keepReach(network.db, 'public')
  })

  it('takes so many subscriptions from one account', async () => {
    for (let made = 0; made < 20; made++) await call(network, as(ids.ann), subscribe, { url })
    await expect(call(network, as(ids.ann), subscribe, { url })).rejects.toMatchObject({
      code: 'webhooks-too-many',
    })
  })
})
