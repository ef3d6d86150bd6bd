import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Database } from '../infra/db.ts'
import { openTestDatabase, type TestDatabase } from '../infra/testing/database.ts'
import { forgetChats, openTestBot, readable } from './telegram/testing/test-bot.ts'
import { conformChannel } from './testing/channel.conformance.ts'

let opened: TestDatabase
let db: Database
beforeAll(async () => {
  opened = await openTestDatabase()
  db = opened.database
})
beforeEach(() => forgetChats(db))
afterAll(() => opened.remove())

conformChannel('Telegram', async story => {
  const bot = await openTestBot(db, { story })
  const ann = bot.fake.person('Ann')
  let seen = 0
  return {
    send: async line => {
      const shown = bot.fake.messages(ann, { from: 'bot' }).at(-1)
      const label = line === '' ? 'Done' : 'Yes'
      if (line === '' || (line === 'yes' && shown?.buttons.flat().includes(label) === true))
        await ann.press(bot.fake.last(ann), label).answered
      else ann.say(line)
      await bot.answered()
      const all = bot.fake.messages(ann, { from: 'bot' })
      const said = all
        .slice(seen)
        .map(({ text }) => readable(text))
        .join('\n')
      seen = all.length
      return said
    },
    close: () => bot.close(),
  }
})
