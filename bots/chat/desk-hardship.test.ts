import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Database } from '../../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import { verb } from '../../tools/registry.ts'
import { networkOn, openPaperDesk, type PaperDesk } from '../testing/paper-desk.ts'
import { line, openPaper, press, unreachable } from '../testing/paper-platform.ts'
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

/** What was done, but for opening accounts. */
const verbsOf = (story: Story) => story.calls.map(({ verb }) => verb).filter(verb => verb !== 'join')

describe('a desk', () => {
  it('warns everybody once where a community’s day is used up, and lets no one person use it up', async () => {
    const told = openTold(openStory(), { budgets: { personMinute: 3, personDay: 99, communityDay: 5 } })
    const [flooder, bob, cleo] = [somebody(), somebody(), somebody()]
    const place = { chat: 'crowd', community: somebody() }
    const help = (subject: string) => line('/help', { subject, place })
    await tell(told, ...Array.from({ length: 9 }, () => help(flooder)), help(bob), help(bob))
    const warnings = (subject: string) =>
      told.words(`person:${subject}`).filter(words => words.includes('more than I can answer'))
    expect(warnings(bob)).toEqual([])
    await tell(told, help(bob), help(cleo), help(cleo))
    expect([flooder, bob, cleo].map(subject => warnings(subject).length)).toEqual([1, 1, 1])
  })

  it('ends with an incident what fails time and again, so that no later question gets its answer', async () => {
    const story = openStory()
    const told = openTold(story)
    const subject = somebody()
    await tell(told, line('/vote beekeeping yes', { subject }))
    const yes = told.button('Yes')
    const { chats } = told
    Object.assign(chats, { button: () => Promise.reject(new TypeError('broken')) })
    await tell(told, press(yes, { subject }))
    expect(told.words().at(-1)).toContain('incident')
    expect(await db.query('select 1 from chat_updates where done_at is null')).toEqual([])
    const [kept] = await db.query<{ pending: unknown }>(
      `select session->'pending' as pending from chat_sessions where subject = $1`,
      [subject],
    )
    expect(kept?.pending).toBeNull()
    expect(verbsOf(story)).toEqual([])
  })

  it('keeps a question about what no database keeps, without that', async () => {
    const taught: unknown[] = []
    const teach = verb({
      name: 'teach',
      summary: 'Teach rows.',
      who: ['member'],
      effect: 'vote',
      input: z.object({ rows: z.array(z.object({ question: z.string(), answer: z.string() })) }),
      output: z.any(),
      run: async (_, input) => taught.push(input),
    })
    const story = openStory()
    const told = openTold(Object.assign(story, { verbs: [...story.verbs, teach] }))
    const subject = somebody()
    const row = '{"question": "What\\u0000 is it?", "answer": "That."}'
    await tell(told, line('/teach', { subject }), line(row, { subject }))
    await tell(told, press(told.button('Done'), { subject }))
    const [{ most } = { most: 0 }] = await db.query<{ most: number }>(
      'select max(attempts) as most from chat_updates where subject = $1',
      [subject],
    )
    expect(most).toBe(1)
    await tell(told, press(told.button('Yes'), { subject }))
    expect(taught).toEqual([{ rows: [{ question: 'What is it?', answer: 'That.' }] }])
  })

  it('goes on in private with a question that only the person saw there', async () => {
    const story = openStory()
    const told = openTold(story)
    const subject = somebody()
    const place = { chat: 'mentions', community: 'town' }
    await tell(told, line('deposit', { subject, place }))
    expect(told.last().where).toBe(`person:${subject}`)
    await tell(told, line('5', { subject }))
    await tell(told, press(told.button('Yes'), { subject }))
    expect(story.calls.at(-1)).toMatchObject({ verb: 'deposit' })
    await tell(told, line('/vote beekeeping yes', { subject, place }))
    await tell(told, press(told.button('Yes'), { subject }))
    expect(story.calls.at(-1)).toMatchObject({ verb: 'vote' })
  })

  it('goes on in the place itself where an answer there can be for one person alone', async () => {
    const story = openStory()
    const paper = Object.assign(openPaper(), { answersInPlace: () => true })
    const told = openTold(story, { paper })
    const subject = somebody()
    const place = { chat: 'slash', community: 'town' }
    await tell(told, line('/vote beekeeping yes', { subject, place }))
    await tell(told, press(told.button('Yes'), { subject, place }))
    expect(story.calls.at(-1)).toMatchObject({ verb: 'vote' })
  })

  it('takes back the promise of an answer that it does not give', async () => {
    const dismissed: string[] = []
    const paper = Object.assign(openPaper(), {
      dismiss: async ({ key }: Incoming) => {
        dismissed.push(key)
        throw new TypeError('refused')
      },
    })
    const told = openTold(openStory(), {
      paper,
      budgets: { personMinute: 1, personDay: 99, communityDay: 99 },
    })
    const subject = somebody()
    await tell(told, ...['a', 'b', 'c'].map(key => line('/help', { subject, key: `${subject}/${key}` })))
    expect(dismissed).toEqual([`${subject}/c`])
  })

  it('answers others while one chat cannot be reached or is slow', async () => {
    const paper = openPaper()
    const { answer } = paper
    let open = () => {}
    const reachable = new Promise<void>(resolve => {
      open = resolve
    })
    let backingOff = false
    let atOnce = 0
    let most = 0
    paper.answer = async (incoming, view, shown) => {
      if (incoming.place.chat === 'broken' && !backingOff) throw unreachable()
      if (incoming.place.chat !== 'slow') return answer(incoming, view, shown)
      most = Math.max(most, ++atOnce)
      await reachable
      atOnce--
      return answer(incoming, view, shown)
    }
    const told = openTold(openStory(), { paper, wait: () => reachable })
    const crowd = (chat: string) =>
      Array.from({ length: 20 }, () =>
        line('/help', { subject: somebody(), place: { chat, community: 'x' } }),
      )
    for (const incoming of [...crowd('broken'), ...crowd('slow')]) await told.desk.receive(incoming)
    const other = somebody()
    const answered = new Promise<void>(resolve => {
      paper.before = () => {
        if (paper.messages.some(({ where }) => where === `dm-${other}`)) resolve()
      }
    })
    for (const _ of [1, 2]) await told.desk.receive(line('/help', { subject: other }))
    await answered
    expect(most).toBe(4)
    backingOff = true
    open()
    await told.desk.idle()
    expect(told.words('broken')).toHaveLength(20)
    expect(told.words('slow')).toHaveLength(20)
  })
})
