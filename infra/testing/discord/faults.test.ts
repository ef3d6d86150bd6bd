import { type Client, Events, GatewayDispatchEvents } from 'discord.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Person } from './people.ts'
import { openSetting, type Setting } from './real-client.ts'

const SEND = 'POST /channels/:id/messages'
let setting: Setting
let client: Client<true>
let ann: Person
let channelId: string

beforeEach(async () => {
  setting = await openSetting()
  const guild = setting.fake.guild({ name: 'Hive' })
  ann = setting.fake.person('Ann', { guild })
  channelId = guild.channel('general').id
  client = await setting.login()
})
afterEach(() => setting.close())

const send = (content: string, more: object = {}) =>
  client.rest.post(`/channels/${channelId}/messages`, { body: { content, ...more } })
const texts = () => setting.fake.messages('general').map(({ content }) => content)

describe('a request that goes wrong', () => {
  it('is waited out where there were too many', async () => {
    setting.fake.faults.add({ on: SEND, kind: 'rate-limit', times: 2, seconds: 0.02 })
    await send('hello')
    expect(texts()).toEqual(['hello'])
    expect(setting.fake.counts()[SEND]).toBe(3)
  })

  it('is repeated after a server error', async () => {
    setting.fake.faults.add({ on: SEND, kind: 'server-error' })
    await send('hello')
    expect(texts()).toEqual(['hello'])
  })

  it('had no effect where the connection broke before', async () => {
    setting.fake.faults.add({ on: SEND, kind: 'close-before', socket: 'end' })
    await expect(send('hello')).rejects.toThrow()
    expect(texts()).toEqual([])
  })

  it('had its effect where the answer was lost; the same nonce gives one message', async () => {
    setting.fake.faults.add({ on: SEND, kind: 'close-after' })
    await send('twice')
    setting.fake.faults.add({ on: SEND, kind: 'close-after' })
    await send('once', { nonce: 'n', enforce_nonce: true })
    expect(texts()).toEqual(['twice', 'twice', 'once'])
  })

  it('had its effect where the answer was cut', async () => {
    setting.fake.faults.add({ on: SEND, kind: 'malformed' })
    await expect(send('hello')).rejects.toThrow(SyntaxError)
    expect(texts()).toEqual(['hello'])
  })

  it('goes wrong when it was said to, and no other does', async () => {
    setting.fake.faults.add({ on: SEND, kind: 'server-error', after: 1 })
    await send('one')
    expect(setting.fake.faults.injected).toEqual([])
    await send('two')
    expect(setting.fake.faults.injected).toEqual([{ on: SEND, kind: 'server-error' }])
    expect(() => setting.fake.faults.add({ on: 'gateway', kind: 'rate-limit' })).toThrow(/cannot happen/)
  })
})

describe('an event that goes wrong', () => {
  const heard = (): string[] => {
    const list: string[] = []
    client.on(Events.MessageCreate, message => list.push(message.content))
    return list
  }
  const rawly = (): string[] => {
    const list: string[] = []
    client.on(Events.Raw, ({ t, d }: { t: string; d: { content?: string } }) => {
      if (t === GatewayDispatchEvents.MessageCreate) list.push(d.content ?? '(broken)')
    })
    return list
  }

  it('comes twice', async () => {
    const list = rawly()
    setting.fake.faults.add({ on: 'MESSAGE_CREATE', kind: 'duplicate' })
    ann.dm('one')
    ann.dm('two')
    await setting.fake.settled()
    expect(list).toEqual(['one', 'one', 'two'])
  })

  it('is overtaken by the next', async () => {
    const list = heard()
    setting.fake.faults.add({ on: 'gateway', kind: 'out-of-order' })
    ann.dm('one')
    ann.dm('two')
    ann.dm('three')
    await setting.fake.settled()
    expect(list).toEqual(['two', 'one', 'three'])
  })

  it('comes late even where nothing follows', async () => {
    const list = heard()
    setting.fake.faults.add({ on: 'gateway', kind: 'out-of-order' })
    ann.dm('alone')
    await setting.fake.settled()
    expect(list).toEqual(['alone'])
  })

  it('comes after the RESUME where the socket broke first', async () => {
    const list = heard()
    setting.fake.faults.add({ on: 'gateway', kind: 'close-gateway' })
    ann.dm('one')
    ann.dm('two')
    await setting.fake.settled()
    expect(list).toEqual(['one', 'two'])
  })

  it('is preceded by a broken copy', async () => {
    const list = rawly()
    setting.fake.faults.add({ on: 'MESSAGE_CREATE', kind: 'malformed' })
    ann.dm('one')
    await setting.fake.settled()
    expect(list).toEqual(['(broken)', 'one'])
  })
})

describe('a mix of faults', () => {
  it('is the same for the same seed and loses nothing that a nonce protects', async () => {
    const list: string[] = []
    client.on(Events.MessageCreate, message => {
      if (!message.author.bot) list.push(message.content)
    })
    const kinds = async (): Promise<string[]> => {
      const from = setting.fake.faults.injected.length
      setting.fake.faults.mix({
        seed: 7,
        rate: 0.4,
        requests: ['rate-limit', 'close-after', 'late'],
        events: [],
      })
      for (let n = 0; n < 10; n++) await send(`m${n}`, { nonce: `${from}-${n}`, enforce_nonce: true })
      setting.fake.faults.clear()
      return setting.fake.faults.injected.slice(from).map(({ kind }) => kind)
    }
    const first = await kinds()
    expect(first.length).toBeGreaterThan(2)
    expect(await kinds()).toEqual(first)
    expect(texts()).toHaveLength(20)
    setting.fake.faults.mix({ seed: 1, rate: 0.5, requests: [], events: ['late', 'out-of-order'] })
    for (let n = 0; n < 20; n++) ann.dm(`${n}`)
    await setting.fake.settled()
    expect(list.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })
})
