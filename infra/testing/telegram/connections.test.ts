import { expect, it } from 'vitest'
import { withPollingBot } from './polling-bot.ts'

it('a closed fake Telegram leaves no connection open', async () => {
  const open = () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP'))
  const before = open().length
  await withPollingBot(
    bot => bot.on('message', ctx => ctx.reply('x')),
    async fake => {
      fake.person('Ana').say('hi')
      await fake.settled()
      expect(open().length).toBeGreaterThan(before)
    },
  )
  while (open().length > before) await new Promise(setImmediate)
  expect(open()).toHaveLength(before)
})
