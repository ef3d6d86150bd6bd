import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Database } from '../../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import type { Place } from '../../infra/testing/telegram/fake-telegram.ts'
import { openStory } from '../testing/story.ts'
import { forgetChats, openTestBot, readable, type TestBot } from './testing/test-bot.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
beforeEach(() => forgetChats(db))
afterAll(() => opened.remove())

const said = ({ fake }: TestBot, place: Place): string[] =>
  fake.messages(place, { from: 'bot' }).map(({ text }) => readable(text))

it('who presses Start reads what this is, with buttons to begin', async () => {
  const bot = await openTestBot(db, { story: openStory([{ state: 'gathering', release: null }]) })
  const ann = bot.fake.person('Ann')
  ann.start()
  await bot.answered()
  expect(said(bot, ann)).toEqual([expect.stringMatching(/^[^.]+\. [^.]+\.$/)])
  expect(bot.fake.last(ann).buttons.flat()).toEqual(['Models', 'Contribute', 'Help'])
  await ann.press(bot.fake.last(ann), 'Contribute').answered
  await bot.answered()
  expect(said(bot, ann).at(-1)).toContain('Under which licence')
})

it('a group is told that its admin set it up, and nobody but the admin why it was not', async () => {
  const bot = await openTestBot(db)
  const ann = bot.fake.person('Ann')
  const group = bot.fake.group('Bees', { admins: [ann] })
  ann.start()
  await bot.answered()
  ann.say(group, '/setup language=xx')
  await bot.answered()
  expect(said(bot, ann).at(-1)).toContain('I speak en')
  ann.say(group, '/setup')
  await bot.answered()
  expect(said(bot, group)).toEqual([
    'I answered you in our private chat.',
    expect.stringContaining('Set up. Proposals and digests go to this place'),
  ])
})

it('another group, or somebody’s private chat, is no place for a group’s admin to choose', async () => {
  const bot = await openTestBot(db)
  const [ann, ben] = [bot.fake.person('Ann'), bot.fake.person('Ben')]
  const group = bot.fake.group('Bees', { admins: [ann] })
  const other = bot.fake.group('Wasps', { members: [ben] })
  ann.start()
  for (const chat of [String(other.id), String(ben.id), `${other.id}/3`, `${group.id}/3/4`]) {
    ann.say(group, `/setup channel=${chat}`)
    await bot.answered()
    expect(said(bot, ann).at(-1)).toContain('no channel of this server or group')
  }
  expect(await bot.chats.communities('telegram')).toEqual([])
  const { holds, roles } = bot.telegram.platform
  expect(await holds?.(String(group.id), `${group.id}/3`)).toBe(true)
  expect(await roles?.(String(group.id))).toContainEqual({ id: 'member', name: 'member' })
})
