import { startChats } from '../../bots/chats.ts'
import { openBot } from '../../bots/session.ts'
import { openNetwork } from '../../tools/network.ts'
import { verbs } from '../../tools/verbs.ts'
import { readSettings } from '../env.ts'
import { fault } from '../errors.ts'
import { type Command, readOptions, say } from './command.ts'

/** `tributary doctor`: looks at what the chat platforms need. The node must not run: a data folder belongs to one process. */
export const doctor: Command = {
  run: async words => {
    readOptions(words, {})
    const settings = readSettings(process.env)
    if (settings.DISCORD_TOKEN === undefined && settings.TELEGRAM_TOKEN === undefined)
      throw fault('token-missing', 'Neither DISCORD_TOKEN nor TELEGRAM_TOKEN is set.', {
        fix: 'Set the token of a bot, and run tributary doctor again.',
        blame: 'operator',
      })
    const { network, close } = await openNetwork(settings, () => {})
    try {
      const chats = await startChats(network, openBot(network, verbs), {
        discordToken: settings.DISCORD_TOKEN,
        telegramToken: settings.TELEGRAM_TOKEN,
      })
      const found = await chats.doctor().finally(() => chats.close())
      for (const { platform, findings } of found)
        for (const { ok, what, fix } of findings)
          say(`${ok ? 'ok  ' : 'FAIL'}  ${platform}: ${what}${fix === '' ? '' : `\n      ${fix}`}`)
      return found.every(({ findings }) => findings.every(({ ok }) => ok)) ? 0 : 1
    } finally {
      await close()
    }
  },
}
