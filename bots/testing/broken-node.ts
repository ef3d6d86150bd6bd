// Run as a process of its own: whatever breaks in it, it has to stand until the last line, which says so.
import { silentLog } from '../../infra/log.ts'
import { openTestDatabase } from '../../infra/testing/database.ts'
import { openFakeDiscord } from '../../infra/testing/discord/fake-discord.ts'
import { openFakeTelegram } from '../../infra/testing/telegram/fake-telegram.ts'
import { openChats } from '../../tools/chats.ts'
import type { Verb } from '../../tools/registry.ts'
import { type Desk, openDesk } from '../chat/desk.ts'
import type { Platform } from '../chat/platform.ts'
import { openDiscord } from '../discord.ts'
import { openBot } from '../session.ts'
import { openTelegram } from '../telegram.ts'
import { manyBudgets, shortPause } from './crowd.ts'
import { networkOn } from './paper-desk.ts'
import { openStory } from './story.ts'

const broken = new Error('a verb broke')
/** What verbs of a broken node do: one throws, one rejects, one rejects late while it still tells parts of its answer. */
const breaking: Readonly<Record<string, Verb['run']>> = {
  vote: () => {
    throw broken
  },
  deposit: () => Promise.reject(broken),
  ask: async ({ emit }) => {
    emit({ kind: 'text', text: 'A nuc is' })
    await new Promise(resolve => setImmediate(resolve))
    throw broken
  },
}

const { database, remove } = await openTestDatabase()
const story = openStory()
const network = networkOn(database, story)
const verbs = story.verbs.map(known => ({ ...known, run: breaking[known.name] ?? known.run }))
const bot = openBot(network, verbs)
const chats = openChats(network)
const desks: Desk[] = []
let told = 0
/** A desk whose every third line breaks the listener that hands it on, at once or later. */
const desk = (platform: Platform): Desk => {
  const opened = openDesk({
    bot,
    chats,
    platform,
    log: silentLog,
    wait: shortPause,
    lookSeconds: 0,
    budgets: manyBudgets,
  })
  desks.push(opened)
  return {
    receive: incoming => {
      const line = incoming.act.kind === 'line' ? incoming.act.line : ''
      if (line === 'throw') throw new TypeError('a listener broke')
      if (line === 'reject') return Promise.reject(new TypeError('a listener broke'))
      told++
      return opened.receive(incoming)
    },
    start: () => opened.start(),
    stop: () => opened.stop(),
    idle: () => opened.idle(),
    look: () => opened.look(),
  }
}

const discordFake = await openFakeDiscord()
const guild = discordFake.guild({ name: 'Hive' })
const telegramFake = await openFakeTelegram()
const discord = await openDiscord({
  token: discordFake.token,
  api: discordFake.api,
  requestsPerSecond: Number.POSITIVE_INFINITY,
  bot,
  chats,
  log: silentLog,
  openDesk: desk,
  takeBack: () => Promise.reject(broken),
})
const telegram = await openTelegram({
  token: telegramFake.token,
  apiRoot: telegramFake.url,
  bot,
  chats,
  log: silentLog,
  openDesk: desk,
  pause: (milliseconds, signal) => shortPause(milliseconds, signal).catch(() => {}),
})
const ann = discordFake.person('Ann', { guild })
const ben = telegramFake.person('Ben')
const lines = [
  'throw',
  'reject',
  '/vote beekeeping yes',
  'yes',
  'What is a nuc?',
  'yes',
  '/deposit 5',
  'yes',
  '/help',
]

for (const kind of ['malformed', 'malformed', 'malformed'] as const)
  for (const on of ['INTERACTION_CREATE', 'MESSAGE_CREATE', 'MESSAGE_DELETE', 'GUILD_ROLE_CREATE'])
    discordFake.faults.add({ on, kind })
for (const method of ['getUpdates', 'sendMessage', 'answerCallbackQuery'])
  telegramFake.faults.add({ on: method, kind: 'malformed' })
const settled = async (): Promise<void> => {
  await discordFake.settled({ thinking: 50 })
  await telegramFake.settled()
  for (const one of desks) await one.idle()
}
for (const line of lines) {
  const sent = ann.dm(line)
  ben.say(line)
  await settled()
  if (line === 'reject') ann.delete(sent)
}
for (const name of ['Beekeepers', 'Admins']) guild.role(name)
ann.slash('general', 'vote', { proposal: 'beekeeping', choice: 'yes' })
ann.slash('general', 'help')
await settled()
const heard = [
  discordFake
    .messages(ann.dms)
    .filter(({ byBot }) => byBot)
    .at(-1)?.text,
  telegramFake.last(ben).text,
]
if (!heard.every(text => text?.includes('Commands') === true))
  throw new Error(`it went silent: ${heard.join(' | ')}`)
await Promise.all([discord.close(), telegram.close()])
await discordFake.close()
void telegramFake.violations
await telegramFake.close()
await remove()
process.stdout.write(
  `stands after ${told} lines and ${discordFake.faults.injected.length} malformed events\n`,
)
