import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { type Chats, openChats } from '../../tools/chats.ts'
import type { Network } from '../../tools/context.ts'
import { networkOn, openPaperDesk, type PaperDesk } from '../testing/paper-desk.ts'
import { does, line, openPaper } from '../testing/paper-platform.ts'
import { openStory } from '../testing/story.ts'
import { defaultBudgets } from './budgets.ts'
import { aborted, keepLeading } from './leader.ts'
import type { Incoming } from './platform.ts'

let opened: TestDatabase
let network: Network
const story = openStory()
const desks: PaperDesk[] = []
beforeAll(async () => {
  opened = await openTestDatabase()
  network = networkOn(opened.database, story)
})
afterAll(() => opened.remove())
afterEach(async () => {
  await Promise.all(desks.splice(0).map(({ desk }) => desk.stop()))
  await opened.database.query(
    'truncate chat_updates, chat_shown, chat_buttons, chat_sessions, chat_budgets cascade',
  )
})

const start = (options: Parameters<typeof openPaperDesk>[2] = {}): PaperDesk => {
  const told = openPaperDesk(network, story.verbs, options)
  desks.push(told)
  return told
}

const keep = async (chats: Chats, updates: readonly Incoming[]): Promise<void> => {
  for (let at = 0; at < updates.length; at += 1_000)
    await chats.receive(
      'discord',
      updates.slice(at, at + 1_000).map(incoming => ({
        key: incoming.key,
        chat: incoming.place.chat,
        subject: incoming.person.subject,
        payload: incoming,
      })),
    )
}

const waiting = async (): Promise<number> => {
  const [row] = await opened.database.query<{ count: bigint }>(
    'select count(*) from chat_updates where done_at is null',
  )
  return Number(row?.count)
}

describe('many updates', () => {
  it('wait in the database, and one who floods holds up nobody', async () => {
    const chats = openChats(network)
    const flood = Array.from({ length: 9_900 }, () =>
      does({ kind: 'line', line: 'x', addressed: false }, { subject: 'flooder' }),
    )
    const others = Array.from({ length: 100 }, (_, at) => line('/help', { subject: `other-${at}` }))
    await keep(chats, [...flood, ...others])
    expect(await waiting()).toBe(10_000)
    const held: number[] = []
    const paper = openPaper()
    const all = new Promise<void>(resolve => {
      paper.before = () => {
        if (paper.messages.length === 99) resolve()
      }
    })
    const seen: Chats = {
      ...chats,
      waiting: async (platform, options) => {
        const found = await chats.waiting(platform, options)
        held.push(options.except.length + found.length)
        return found
      },
    }
    const told = start({ chats: seen, paper })
    await all
    await told.desk.stop()
    expect(paper.messages.length).toBeGreaterThanOrEqual(100)
    expect(Math.max(...held)).toBeLessThanOrEqual(256)
    expect(await waiting()).toBeGreaterThan(9_000)
  })

  it('of many people are answered once each, in the order of each person', async () => {
    const told = start({ budgets: { ...defaultBudgets, personMinute: 1_000 } })
    const people = Array.from({ length: 20 }, (_, at) => `writer-${at}`)
    const said = Array.from({ length: 15 }, (_, number) =>
      people.map(subject => line(`remark ${number}`, { subject })),
    )
    await Promise.all(said.flat().map(incoming => told.desk.receive(incoming)))
    await told.desk.idle()
    for (const subject of people)
      expect(told.words(`dm-${subject}`).map(words => /remark (\d+)/.exec(words)?.[1])).toEqual(
        said.map((_, number) => String(number)),
      )
  })

  it('told out of order are answered in the order in which they happened, where they still wait', async () => {
    const chats = openChats(network)
    const said = ['8', '10', '9'].map(order => line(`remark ${order}`, { subject: 'late', order }))
    await keep(chats, said)
    const told = start({ chats })
    await told.desk.idle()
    expect(told.words().map(words => /remark (\d+)/.exec(words)?.[1])).toEqual(['8', '9', '10'])
  })

  it('are answered by one of two processes with the same token, and by the other once it stops', async () => {
    const chats = openChats(network)
    const paper = openPaper()
    const led: string[] = []
    const lead = (name: string) => {
      let leads = () => {}
      const leading = new Promise<void>(resolve => {
        leads = resolve
      })
      const end = keepLeading({
        chats,
        platform: 'discord',
        token: 'a token',
        log: network.log,
        wait: () => new Promise(resolve => setImmediate(resolve)),
        work: async signal => {
          led.push(name)
          const told = start({ paper })
          leads()
          await aborted(signal)
          await told.desk.stop()
        },
      })
      return { leading, end }
    }
    const first = lead('first')
    await first.leading
    const second = lead('second')
    await keep(chats, [line('/help', { subject: 'led' })])
    await desks[0]?.desk.idle()
    expect(led).toEqual(['first'])
    await first.end()
    await second.leading
    await keep(chats, [line('/help', { subject: 'led' })])
    await desks[1]?.desk.idle()
    await second.end()
    expect(led).toEqual(['first', 'second'])
    expect(new Set(paper.messages.map(({ nonce }) => nonce)).size).toBe(paper.messages.length)
  })
})
