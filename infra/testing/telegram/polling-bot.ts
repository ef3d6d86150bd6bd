import { Bot } from 'grammy'
import { type FakeTelegram, type FakeTelegramOptions, openFakeTelegram } from './fake-telegram.ts'

/** Runs a story against an unmodified grammY bot that polls the fake; both are closed at its end. */
export const withPollingBot = async (
  setup: (bot: Bot) => void,
  story: (fake: FakeTelegram, bot: Bot) => Promise<void>,
  options: FakeTelegramOptions = {},
): Promise<void> => {
  const fake = await openFakeTelegram(options)
  const bot = new Bot(fake.token, { client: { apiRoot: fake.url } })
  setup(bot)
  const running = bot.start()
  try {
    await fake.until(() => fake.counts().getUpdates)
    await story(fake, bot)
  } finally {
    await bot.stop()
    await running
  }
  await fake.close()
}
