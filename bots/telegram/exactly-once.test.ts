import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Database } from '../../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../../infra/testing/database.ts'
import {
  type FakePerson,
  type FakeTelegram,
  openFakeTelegram,
} from '../../infra/testing/telegram/fake-telegram.ts'
import { openStory } from '../testing/story.ts'
import { forgetChats, openTestBot, readable } from './testing/test-bot.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
beforeEach(() => forgetChats(db))
afterAll(() => opened.remove())

const said = (fake: FakeTelegram, person: FakePerson): string[] =>
  fake.messages(person, { from: 'bot' }).map(({ text }) => readable(text))

/** Waits until its desk stops, as if the process stood still until it died. */
const standStill = (_: number, signal: AbortSignal): Promise<void> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

describe('an answer on Telegram', () => {
  it.each(['close-after', 'malformed', 'close-before', 'server-error'] as const)(
    'stands once where its sending ends in %s',
    async kind => {
      const bot = await openTestBot(db)
      const ann = bot.fake.person('Ann')
      bot.fake.faults.add({ on: 'sendMessage', kind })
      ann.say('bees are nice')
      await bot.answered()
      expect(bot.fake.faults.came).toHaveLength(1)
      expect(said(bot.fake, ann)).toHaveLength(1)
      expect(said(bot.fake, ann)[0]).toContain('I read "bees are nice" as a remark')
      await bot.close()
    },
  )

  it('is not sent again where only its edit was lost', async () => {
    const bot = await openTestBot(db, { story: openStory() })
    const ann = bot.fake.person('Ann')
    bot.fake.faults.add({ on: 'editMessageText', kind: 'close-after', times: 2 })
    ann.say('What is a nuc?')
    await bot.answered()
    ann.press(bot.fake.last(ann), 'Yes')
    await bot.answered()
    expect(said(bot.fake, ann)).toHaveLength(2)
    expect(said(bot.fake, ann)[1]).toContain('A nuc is a small hive.')
    await bot.close()
  })

  it('is found by the next process where the first died before it knew what became of it', async () => {
    const fake = await openFakeTelegram()
    const [ann, ben] = [fake.person('Ann'), fake.person('Ben')]
    const first = await openTestBot(db, { fake, desk: { wait: standStill } })
    ben.say('/help')
    await first.answered()
    fake.faults.add({ on: 'sendMessage', kind: 'close-after' })
    ann.say('bees are nice')
    await fake.next(({ fault }) => fault === 'close-after')
    // Between Ann's words and the search stand messages of others, of the bot's among them.
    ben.say('so are wasps')
    await fake.until(() => fake.messages(ben, { from: 'bot' }).length === 2)
    await first.close()
    const second = await openTestBot(db, { fake })
    await second.answered()
    expect(said(fake, ann)).toHaveLength(1)
    expect(said(fake, ben).map(text => text.includes('wasps'))).toEqual([false, true])
    expect(fake.counts().editMessageText).toBeGreaterThan(0)
    await second.close()
    await fake.close()
  })

  it('replaces a part of it that an earlier process had shown', async () => {
    const fake = await openFakeTelegram()
    const ann = fake.person('Ann')
    const first = await openTestBot(db, { fake, desk: { wait: standStill } })
    ann.say('What is a nuc?')
    await first.answered()
    fake.faults.add({ on: 'sendMessage', kind: 'close-after' })
    ann.press(fake.last(ann), 'Yes')
    await fake.next(({ fault }) => fault === 'close-after')
    await first.close()
    const [, partial] = fake.messages(ann, { from: 'bot' })
    const second = await openTestBot(db, { fake })
    await second.answered()
    expect(said(fake, ann)).toHaveLength(2)
    expect(fake.last(ann).id).toBe(partial?.id)
    expect(said(fake, ann)[1]).toContain('beekeeping@1')
    await second.close()
    await fake.close()
  })

  it('goes to the right person in a group where the answers to two were lost', async () => {
    const bot = await openTestBot(db)
    const [ann, ben] = [bot.fake.person('Ann'), bot.fake.person('Ben')]
    const group = bot.fake.group('Bees', { members: [ann, ben] })
    bot.fake.faults.add({ on: 'sendMessage', kind: 'close-after', times: 2 })
    ann.say(group, '@tributary_bot bees are nice')
    ben.say(group, '@tributary_bot wasps are not')
    await bot.answered()
    const answers = bot.fake.messages(group, { from: 'bot' })
    expect(
      answers
        .map(({ message, text }) => [message.reply_to_message?.from?.first_name, text.includes('bees')])
        .sort(),
    ).toEqual([
      ['Ann', true],
      ['Ben', false],
    ])
    await bot.close()
  })

  it('comes once for each of many lines through hundreds of faults', async () => {
    const bot = await openTestBot(db, {
      desk: { budgets: { personMinute: 1e6, personDay: 1e6, communityDay: 1e6 } },
    })
    bot.fake.faults.mix({
      seed: 7,
      rate: 0.5,
      times: 300,
      kinds: ['close-after', 'close-before', 'server-error', 'malformed', 'duplicate', 'out-of-order'],
      on: ['sendMessage', 'editMessageText', 'getUpdates'],
    })
    const people = Array.from({ length: 8 }, (_, at) => bot.fake.person(`P${at}`))
    let told = 0
    while (bot.fake.faults.came.length < 300 && told < 60) {
      for (const person of people) person.say(`remark ${told}`)
      told++
      await bot.answered()
    }
    expect(bot.fake.faults.came.length).toBe(300)
    for (const person of people)
      expect(said(bot.fake, person).map(text => /remark \d+/.exec(text)?.[0])).toEqual(
        Array.from({ length: told }, (_, at) => `remark ${at}`),
      )
    await bot.close()
  })
})
