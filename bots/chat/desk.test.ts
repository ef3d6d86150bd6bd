import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Database } from '../../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { verb } from '../../tools/registry.ts'
import { conformChannel } from '../testing/channel.conformance.ts'
import { networkOn, openPaperDesk, type PaperDesk } from '../testing/paper-desk.ts'
import { does, line, openPaper, press, unreachable } from '../testing/paper-platform.ts'
import { openStory, type Story } from '../testing/story.ts'
import type { Incoming } from './platform.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
afterAll(() => opened.remove())

let people = 0
const somebody = () => `person-${++people}`

// One at a time: a desk answers whatever waits in its database.
let open: PaperDesk | null = null
const openTold = (story: Story = openStory(), options: Parameters<typeof openPaperDesk>[2] = {}) => {
  open = openPaperDesk(networkOn(db, story), story.verbs, options)
  return open
}
afterEach(() => open?.desk.stop())

const tell = async ({ desk }: Pick<PaperDesk, 'desk'>, ...told: Incoming[]): Promise<void> => {
  for (const incoming of told) await desk.receive(incoming)
  await desk.idle()
}

/** A story with a command whose answer is long. */
const withLongList = (): Story => {
  const list = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`model-${at}`, 'serving']))
  const story = openStory()
  const long = verb({
    name: 'list',
    summary: 'List everything.',
    who: ['member'],
    effect: 'read',
    input: z.object({}),
    output: z.any(),
    run: async () => list,
  })
  return Object.assign(story, { verbs: [...story.verbs, long] })
}

conformChannel('the paper platform', async story => {
  const subject = somebody()
  const told = openTold(story)
  let seen = 0
  return {
    send: async words => {
      // An empty line cannot be sent in a chat, and a typed yes confirms nothing: there are buttons for both.
      const label = words === '' ? 'Done' : words === 'yes' ? 'Yes' : null
      await tell(told, label === null ? line(words, { subject }) : press(told.button(label), { subject }))
      const said = told.words().slice(seen).join('\n')
      seen = told.paper.messages.length
      return said
    },
    close: () => told.desk.stop(),
  }
})

/** What was done, but for opening accounts. */
const verbsOf = (story: Story) => story.calls.map(({ verb }) => verb).filter(verb => verb !== 'join')

describe('a desk', () => {
  it('answers once what is told twice, at once or later', async () => {
    const told = openTold()
    const [subject, key] = [somebody(), somebody()]
    const twice = [line('/help', { subject, key }), line('/help', { subject, key })]
    expect(await Promise.all(twice.map(incoming => told.desk.receive(incoming)))).toEqual(['new', 'known'])
    await told.desk.idle()
    expect(await told.desk.receive(line('/help', { subject, key }))).toBe('known')
    await told.desk.idle()
    expect(told.words()).toHaveLength(1)
  })

  it('erases what a person said once it is answered', async () => {
    const told = openTold()
    const subject = somebody()
    await tell(told, line('a secret remark', { subject }))
    const rows = await db.query(
      'select payload, done_at is not null as done from chat_updates where subject = $1',
      [subject],
    )
    expect(rows).toEqual([{ payload: null, done: true }])
  })

  it('keeps what Postgres cannot, without the characters that it cannot', async () => {
    const told = openTold()
    await tell(told, line('bees\u0000 are \uD83D nice', { subject: somebody() }))
    expect(told.words()[0]).toContain('I read "bees are � nice" as a remark')
  })

  it('goes on with a question after a restart', async () => {
    const story = openStory([{ state: 'gathering', release: null }])
    const subject = somebody()
    const first = openTold(story)
    await tell(first, line('/contribute beekeeping', { subject }), line('CC0-1.0', { subject }))
    await first.desk.stop()
    const second = openTold(story)
    await tell(second, line('yes', { subject }), line('a | b', { subject }))
    await tell(second, press(second.button('Done'), { subject }))
    expect(story.calls.at(-1)).toMatchObject({ verb: 'contribute', input: { rows: [{ question: 'a' }] } })
  })

  it('hears what is said to others only as the answer to its question, and never as a yes', async () => {
    const story = openStory([{ state: 'gathering', release: null }])
    const told = openTold(story)
    const subject = somebody()
    const aside = (words: string) => does({ kind: 'line', line: words, addressed: false }, { subject })
    await tell(told, aside('What is a nuc?'), aside('/help'))
    expect(told.words()).toEqual([])
    await tell(told, line('/contribute beekeeping', { subject }), aside('CC0-1.0'))
    expect(told.words().at(-1)).toContain('Are the rows yours')
    await tell(told, line('/vote beekeeping yes', { subject }), aside('yes'))
    expect(story.calls.filter(({ verb }) => verb === 'vote')).toEqual([])
  })

  it('lets a button answer its own question only', async () => {
    const story = openStory()
    const told = openTold(story)
    const subject = somebody()
    await tell(told, line('/vote beekeeping yes', { subject }))
    const old = told.button('Yes')
    await tell(told, line('/deposit 5', { subject }), press(old, { subject }))
    expect(told.words().at(-1)).toContain('not open any more')
    await tell(told, press(told.button('Yes'), { subject }))
    expect(verbsOf(story)).toEqual(['deposit'])
  })

  it('refuses a button of somebody else, and one that it does not know', async () => {
    const story = openStory()
    const told = openTold(story)
    const [ann, bob] = [somebody(), somebody()]
    const place = { chat: 'square', community: 'village' }
    await tell(told, line('/vote beekeeping yes', { subject: ann, place }))
    await tell(
      told,
      press(told.button('Yes'), { subject: bob, place }),
      press('nonsense', { subject: bob, place }),
    )
    expect(told.words(`person:${bob}`)).toEqual([
      'That button is for somebody else. Send the command yourself to get your own.',
      'That button has expired. Send the command again.',
    ])
    expect(story.calls.filter(({ verb }) => verb === 'vote')).toEqual([])
  })

  it('shows money to nobody else', async () => {
    const told = openTold()
    const subject = somebody()
    const place = { chat: 'market', community: 'town' }
    await tell(told, line('/deposit 5', { subject, place }))
    await tell(told, press(told.button('Yes'), { subject }))
    await tell(told, line('What is a nuc?', { subject, place }))
    await tell(told, press(told.button('Yes'), { subject, place }))
    expect(told.words('market').join('\n')).toContain('A nuc is a small hive.')
    expect(told.words('market').join('\n')).not.toMatch(/left|balance/)
    expect(told.words(`dm-${subject}`).join('\n')).toContain('Your balance is')
  })

  it('runs a form as a command, and asks for what it lacks', async () => {
    const story = openStory()
    const told = openTold(story)
    const subject = somebody()
    const form = (words: Record<string, string>) =>
      does({ kind: 'command', name: 'vote', words }, { subject })
    await tell(told, form({ proposal: 'beekeeping', choice: 'yes' }), press('none', { subject }))
    await tell(told, press(told.button('Yes'), { subject }))
    await tell(told, form({ proposal: 'beekeeping', choice: '' }))
    expect(told.last().view.buttons.map(({ label }) => label)).toEqual(expect.arrayContaining(['yes', 'no']))
    expect(story.calls.findLast(({ verb }) => verb !== 'join')).toMatchObject({
      verb: 'vote',
      input: { choice: 'yes' },
    })
  })

  it('takes a file for the rows of a contribution, of its sender only', async () => {
    const story = openStory([{ state: 'gathering', release: null }])
    const told = openTold(story)
    const [ann, bob] = [somebody(), somebody()]
    const owner = { platform: 'discord', subject: ann, name: 'bees.txt' }
    const sha256 = await told.chats.putFile(Buffer.from('a | b\nc | d'), owner)
    const file = { kind: 'file', name: 'bees.txt', sha256, line: '/contribute beekeeping' } as const
    await tell(
      told,
      does(file, { subject: ann }),
      line('CC0-1.0', { subject: ann }),
      line('yes', { subject: ann }),
    )
    expect(story.calls.at(-1)).toMatchObject({ input: { rows: [{ question: 'a' }, { question: 'c' }] } })
    await tell(told, line('/contribute beekeeping rights=yes rows=@bees.txt', { subject: bob }))
    expect(told.words().at(-1)).toContain('You sent no file of that name')
  })

  it('turns pages in place', async () => {
    const told = openTold(withLongList(), { paper: openPaper({ limit: 200 }) })
    const subject = somebody()
    await tell(told, line('/list', { subject }))
    expect(told.words()).toHaveLength(1)
    expect(told.words()[0]).toContain('model-0:')
    await tell(told, press(told.button('›'), { subject }))
    expect(told.words()).toHaveLength(1)
    expect(told.words()[0]).not.toContain('model-0:')
    expect(
      told
        .last()
        .view.buttons.map(({ label }) => label)
        .slice(0, 2),
    ).toEqual([expect.stringMatching(/^‹ 1\//), expect.stringMatching(/^3\/\d+ ›$/)])
  })

  it('sends what has more pages than anybody turns as a file', async () => {
    const told = openTold(withLongList(), { paper: openPaper({ limit: 80 }) })
    await tell(told, line('/list', { subject: somebody() }))
    expect(new TextDecoder().decode(told.last().view.file?.bytes)).toContain('model-39')
    expect(told.words()[0]).toContain('attached file')
  })

  it('says once that it was too much, and is silent until the time is over', async () => {
    const told = openTold(openStory(), { budgets: { personMinute: 2, personDay: 99, communityDay: 99 } })
    const subject = somebody()
    await tell(told, ...Array.from({ length: 6 }, () => line('/help', { subject })))
    expect(told.words()).toHaveLength(3)
    expect(told.words()[2]).toContain('more than I can answer at once')
    await tell(told, line('/help', { subject: somebody() }))
    expect(told.words()).toHaveLength(4)
  })

  it('tries again while the platform cannot be reached, and leaves who blocked it', async () => {
    const paper = openPaper()
    const told = openTold(openStory(), { paper })
    let failures = 5
    paper.before = () => {
      if (failures-- > 0) throw unreachable()
    }
    const [ann, bob] = [somebody(), somebody()]
    paper.closed.add(`dm-${bob}`)
    await tell(told, line('/help', { subject: ann }), line('/help', { subject: bob }))
    expect(told.words()).toHaveLength(1)
  })

  it('answers with an incident where the platform refuses the form of an answer', async () => {
    const paper = openPaper()
    const told = openTold(openStory(), { paper })
    let first = true
    paper.before = () => {
      if (first) {
        first = false
        throw new TypeError('malformed')
      }
    }
    await tell(told, line('/help', { subject: somebody() }))
    expect(told.words()[0]).toContain('incident')
  })
})
