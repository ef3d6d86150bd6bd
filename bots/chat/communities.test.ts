import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { standingClock } from '../../infra/clock.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { languages } from '../sentences.ts'
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
  const paper = Object.assign(openPaper(), {
    holds: async (_: string, chat: string) => !chat.includes('elsewhere'),
    roles: async () => [
      { id: '5', name: 'voters' },
      { id: 'keepers', name: 'keepers' },
    ],
  })
  told = openPaperDesk(networkOn(opened.database, story), story.verbs, { paper })
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
    expect(await told.chats.communities('discord')).toMatchObject([
      { community: 'village', settings: { channel: '77', roles: ['5', 'keepers'] } },
    ])
  })

  it('may keep voting to some roles', async () => {
    const story = open()
    await tell(admin('/setup roles=5'), member('/vote beekeeping yes'), member('/vote beekeeping yes', ['5']))
    await tell(press(told.button('Yes'), { subject: 'ann' }))
    expect(told.words('person:ann')[0]).toContain('only some roles')
    expect(story.calls.filter(({ verb }) => verb === 'vote')).toHaveLength(1)
  })

  it('answers nobody whom it muted, until it is taken back', async () => {
    open()
    await tell(admin('/mute <@ann>'), member('/help'))
    expect(told.words('square')).toEqual([])
    await tell(admin('/unmute <@ann>'), member('/help'))
    expect(told.words('square')).toHaveLength(1)
  })

  it('mutes nobody where it cannot tell who is meant', async () => {
    open()
    await tell(admin('/mute @ann'), admin('/mute ann'), member('/help'))
    expect(told.words('person:mayor')).toEqual(Array(2).fill(expect.stringContaining('cannot tell whom')))
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

describe('a community that cannot be written to', () => {
  const refuse = (): never => {
    throw new TypeError('refused')
  }

  it('keeps nothing from the others, is tried ever more seldom, and is left alone at last', async () => {
    const story = open([{ createdAt: '2026-02-01T00:00:00.000Z' }])
    const setUp = (community: string) =>
      line('/setup', { subject: 'mayor', admin: true, place: { chat: `room-${community}`, community } })
    await tell(setUp('a'), setUp('b'))
    story.proposals.push(proposal({ id: 'p3', name: 'wasps', createdAt: '2026-04-02T00:00:00.000Z' }))
    const { thread } = told.paper
    let tries = 0
    told.paper.thread = async (to, name) => {
      if (to.community === 'a' && ++tries > 0) refuse()
      return thread(to, name)
    }
    await told.desk.look()
    await told.desk.look()
    expect([...told.paper.threads.keys()]).toEqual(['room-b/wasps'])
    expect(tries).toBe(1)
    for (let hour = 0; hour < 20; hour++) {
      clock.advance(3_600)
      await told.desk.look()
    }
    expect(tries).toBe(6)
  })

  it('keeps no card of the others still', async () => {
    const story = open()
    for (const subject of ['ann', 'bob', 'cleo'])
      await tell(line('/status beekeeping', { subject, place: { chat: `chat-${subject}`, community: 'c' } }))
    Object.assign(story.proposals[0]!, { state: 'retired' })
    const { post } = told.paper
    told.paper.post = async (to, view, shown) =>
      'place' in to && to.place.chat === 'chat-bob' ? refuse() : post(to, view, shown)
    await told.desk.look()
    const words = (subject: string) => told.words(`chat-${subject}`).join()
    for (const subject of ['ann', 'cleo']) expect(words(subject)).toContain('State: retired')
    expect(words('bob')).not.toContain('State: retired')
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

describe('the language of a community', () => {
  // A second language for as long as the test runs: its states are shouted.
  const loud = { ...languages.en, states: { serving: 'SERVING', retired: 'RETIRED', failed: 'FAILED' } }
  const known = languages as Record<string, unknown>
  afterEach(() => {
    delete known.xx
  })

  it('is that of its cards as they move, and of its digest', async () => {
    known.xx = loud
    const story = open()
    await tell(
      admin('/setup language=xx'),
      member('/status beekeeping'),
      line('/status beekeeping', { subject: 'bob' }),
    )
    await told.desk.look()
    Object.assign(story.proposals[0]!, { state: 'retired' })
    await told.desk.look()
    clock.advance(86_400)
    await told.desk.look()
    const [card, digest] = told.words('square')
    expect(card).toContain('State: RETIRED')
    expect(digest).toContain('beekeeping: RETIRED')
    expect(told.words('dm-bob')[0]).toContain('State: retired')
  })

  it('is that of whoever asked where the community has none', async () => {
    known.xx = loud
    const story = open()
    const asked = line('/status beekeeping', { subject: 'bob' })
    await tell({ ...asked, person: { ...asked.person, language: 'xx-YY' } })
    Object.assign(story.proposals[0]!, { state: 'retired' })
    await told.desk.look()
    expect(told.words('dm-bob')[0]).toContain('State: RETIRED')
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
