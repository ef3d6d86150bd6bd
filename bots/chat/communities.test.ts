import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { standingClock } from '../../infra/clock.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { networkOn, openPaperDesk, type PaperDesk } from '../testing/paper-desk.ts'
import { line, openPaper, press } from '../testing/paper-platform.ts'
import { openStory, proposal, type Story } from '../testing/story.ts'
import type { Incoming } from './platform.ts'

let opened: TestDatabase
const clock = { ...standingClock(new Date('2026-03-01T09:00:00.000Z')), offsetMs: 0 }
let told: PaperDesk
beforeAll(async () => {
  opened = await openTestDatabase()
})
afterAll(() => opened.remove())
afterEach(async () => {
  await told.desk.stop()
  await opened.database.query(
    'truncate chat_updates, chat_shown, chat_sessions, chat_communities, chat_threads, chat_muted, chat_quiet cascade',
  )
})

const open = (parts: Parameters<typeof openStory>[0] = [{}]): Story => {
  const story = withEngine(openStory(parts))
  Object.assign(story.network, { clock })
  told = openPaperDesk(networkOn(opened.database, story), story.verbs, { paper: openPaper() })
  return story
}

/** The story's `status` with what it says of the engine, which `/status` shows. */
const withEngine = (story: Story): Story => {
  const engine = {
    device: 'cpu',
    weights: 'float32',
    threads: 2,
    adapters: 1,
    baseBytes: 0,
    packedBytes: 0,
    adapterBytes: 0,
    mergedBytes: 0,
    processBytes: 0,
    serving: { keyValueBytes: 0, bankBytes: 0, prefixBytes: 0 },
  }
  const verbs = story.verbs.map(verb =>
    verb.name !== 'status'
      ? verb
      : {
          ...verb,
          run: async (...given: Parameters<typeof verb.run>) => {
            const output = (await verb.run(...given)) as { network: object }
            return { ...output, network: { ...output.network, engine } }
          },
        },
  )
  return Object.assign(story, { verbs })
}

const tell = async (...said: Incoming[]): Promise<void> => {
  // One by one: what an admin says holds for what others say after it was answered.
  for (const incoming of said) {
    await told.desk.receive(incoming)
    await told.desk.idle()
  }
}
const place = { chat: 'square', community: 'village' }
const admin = (words: string) => line(words, { subject: 'mayor', place, admin: true })
const member = (words: string, roles: string[] = []) => line(words, { subject: 'ann', place, roles })

describe('a community', () => {
  it('is set up by its admins only, in one command', async () => {
    open()
    await tell(
      member('/setup'),
      line('/setup', { subject: 'ann' }),
      admin('/setup channel=<#77> roles=<@&5>,keepers'),
    )
    expect(told.words('person:ann')[0]).toContain('Only an admin')
    expect(told.words('dm-ann')[0]).toContain('not in a private chat')
    expect(told.words('person:mayor')[0]).toContain('Set up.')
    expect(await told.chats.community('discord', 'village')).toMatchObject({
      settings: { channel: '77', roles: ['5', 'keepers'] },
    })
  })

  it('may keep voting to some roles', async () => {
    const story = open()
    await tell(
      admin('/setup roles=5'),
      member('/vote beekeeping yes'),
      member('/vote beekeeping yes', ['5']),
      member('yes', ['5']),
    )
    expect(told.words('person:ann')[0]).toContain('only some roles')
    expect(story.calls.filter(({ verb }) => verb === 'vote')).toHaveLength(1)
  })

  it('answers nobody whom it muted, until it is taken back', async () => {
    open()
    await tell(admin('/mute <@ann>'), member('/help'))
    expect(told.words('square')).toEqual([])
    await tell(admin('/unmute ann'), member('/help'))
    expect(told.words('square')).toHaveLength(1)
  })

  it('gets one thread with one card for each new proposal, which moves as the proposal does', async () => {
    const story = open([{ createdAt: '2026-02-01T00:00:00.000Z' }])
    await tell(admin('/setup'))
    story.proposals.push(
      proposal({
        id: 'p2',
        name: 'wasps',
        state: 'voting',
        poll: null,
        release: null,
        createdAt: '2026-03-02T00:00:00.000Z',
      }),
    )
    await told.desk.look()
    await told.desk.look()
    expect([...told.paper.threads.keys()]).toEqual(['square/wasps'])
    expect(told.words('square/wasps')).toHaveLength(1)
    expect(told.last().edits).toBe(1)
    await tell(press(told.button('Vote yes'), { subject: 'ann', place: { ...place, chat: 'square/wasps' } }))
    expect(told.words('person:ann').at(-1)).toContain('Vote yes on wasps?')
    Object.assign(story.proposals[1]!, { state: 'rejected', reason: 'no quorum' })
    await told.desk.look()
    expect(told.words('square/wasps')).toEqual([expect.stringContaining('rejected: no quorum')])
  })

  it('is told the news of a day once, where there are any', async () => {
    const story = open()
    const digests = () => told.words('square').filter(words => words.startsWith('News of'))
    await tell(admin('/setup'))
    await told.desk.look()
    clock.advance(86_400)
    await told.desk.look()
    expect(digests()).toEqual([])
    Object.assign(story.proposals[0]!, { state: 'retired' })
    clock.advance(86_400)
    await told.desk.look()
    await told.desk.look()
    expect(digests()).toEqual(['News of 2026-03-03\nbeekeeping: retired, release 1'])
  })
})

describe('a card', () => {
  it('of /status moves while its proposal does, and is left alone otherwise', async () => {
    const story = open()
    await tell(line('/status beekeeping', { subject: 'ann' }))
    await told.desk.look()
    expect(told.last().edits).toBe(1)
    Object.assign(story.proposals[0]!, { state: 'failed' })
    await told.desk.look()
    expect(told.words()).toEqual([expect.stringContaining('State: failed')])
    expect(told.last().edits).toBe(2)
  })
})

describe('news', () => {
  it('are told once, to those who want them, and wait for those who cannot be reached', async () => {
    const story = open()
    const notice = (id: string) => ({ id, kind: 'model.released', facts: { model: 'bees@2' }, at: '' })
    story.notices = [notice('n1')]
    await tell(line('/help', { subject: 'ann' }))
    expect(told.words('person:ann')).toEqual(['bees@2 is released. Ask it something.'])
    story.notices = [notice('n2')]
    told.paper.closed.add('person:bob')
    await tell(line('/quiet', { subject: 'cleo' }), line('/help', { subject: 'bob' }))
    expect(told.words('person:cleo')).toEqual([])
    expect(story.notices).toHaveLength(1)
  })

  it('of the outbox reach the people of the platform, without their asking', async () => {
    const story = open()
    const account = '018f0000-0000-7000-8000-0000000000cc'
    await opened.database.query(
      `insert into accounts (id, name, wallet, created_at) values ($1, 'Dan', 7, now())`,
      [account],
    )
    await opened.database.query(
      `insert into identities (platform, subject, account_id, created_at) values ('discord', 'dan', $1, now())`,
      [account],
    )
    await opened.database.query(
      `insert into outbox (id, account, channel, kind, facts, created_at) values ('018f0000-0000-7000-8000-0000000000dd', $1, 'any', 'model.released', '{}', now())`,
      [account],
    )
    story.notices = [
      {
        id: '018f0000-0000-7000-8000-0000000000dd',
        kind: 'model.released',
        facts: { model: 'bees@3' },
        at: '',
      },
    ]
    await told.desk.look()
    await told.desk.look()
    expect(told.words('person:dan')).toEqual(['bees@3 is released. Ask it something.'])
  })
})
