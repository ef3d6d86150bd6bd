import type { Database } from '../../infra/db.ts'
import { silentLog } from '../../infra/log.ts'
import { openFakeTelegram } from '../../infra/testing/telegram/fake-telegram.ts'
import { openChats } from '../../tools/chats.ts'
import { type Desk, openDesk } from '../chat/desk.ts'
import { openBot } from '../session.ts'
import { openTelegram } from '../telegram.ts'
import { manyBudgets, shortPause, waitingOn } from './crowd.ts'
import { type Life, mortalDatabase, mortalPlatform } from './life.ts'
import { Bell, noting, type Stage } from './stage.ts'
import { openTill } from './till.ts'

const often = [
  ...(['server-error', 'close-before', 'close-after', 'late', 'malformed'] as const),
  ...(['duplicate', 'out-of-order'] as const),
]
const unlimited = { perSecond: 1e6, chatBurst: 1e6, groupPerMinute: 1e6 }

export const openTelegramStage = async (db: Database): Promise<Stage> => {
  const fake = await openFakeTelegram()
  const bell = new Bell()
  const told = new Map<string, string[]>()
  let leading: { life: Life; desk: Desk } | null = null
  let closed = false
  // Asked after every call; it never finds what it looks for.
  void fake
    .until(
      () => {
        bell.ring()
        return closed
      },
      { timeout: 600_000 },
    )
    .catch(() => {})

  const openNode = async () => {
    const life: Life = { state: 'alive' }
    const { network, verbs } = openTill(mortalDatabase(db, life))
    const { lead } = openChats({ ...network, db })
    const chats = { ...openChats(network), lead }
    const bot = openBot(network, verbs)
    const telegram = await openTelegram({
      token: fake.token,
      apiRoot: fake.url,
      bot,
      chats,
      log: silentLog,
      pace: unlimited,
      pause: (milliseconds, signal) => shortPause(milliseconds, signal).catch(() => {}),
      openDesk: platform => {
        const desk = noting(
          openDesk({
            bot,
            chats,
            platform: mortalPlatform(platform, life),
            log: silentLog,
            wait: shortPause,
            lookSeconds: 0,
            budgets: manyBudgets,
          }),
          told,
        )
        leading = { life, desk }
        bell.ring()
        return desk
      },
    })
    return { life, end: () => telegram.close() }
  }
  const nodes = [await openNode(), await openNode()]
  await bell.until(() => leading !== null)
  return {
    db: { waiting: () => waitingOn(db, 'telegram') },
    person: name => {
      const person = fake.person(name)
      const heard = () => fake.messages(person, { from: 'bot' })
      return {
        subject: String(person.id),
        say: line => {
          const sent = person.say(line)
          return () => person.delete(sent)
        },
        press: label => {
          const under = heard().findLast(({ buttons }) => buttons.flat().includes(label))
          if (under === undefined) throw new Error(`no button ${label}`)
          person.press(under, label)
        },
        block: () => person.block(),
        unblock: () => person.unblock(),
        heard: () => heard().map(({ text, buttons }) => ({ text, buttons: buttons.flat() })),
      }
    },
    injected: () => fake.faults.came,
    storm: (seed, rate) =>
      fake.faults.mix({
        seed,
        rate,
        // A rate limit takes a whole second: one among many is enough.
        kinds: [...often, ...often, ...often, 'rate-limit'],
        on: ['sendMessage', 'editMessageText', 'answerCallbackQuery', 'getUpdates'],
      }),
    calm: () => fake.faults.clear(),
    until: holds => bell.until(holds),
    answered: async () => {
      await bell.until(() => leading !== null)
      await fake.settled({ idle: 40, timeout: 30_000 })
      await leading?.desk.idle()
      await fake.settled({ idle: 40, timeout: 30_000 })
    },
    restart: async meanwhile => {
      const [first] = nodes.splice(0, 1)
      if (first === undefined) return
      first.life.state = 'frozen'
      await meanwhile?.()
      first.life.state = 'dead'
      leading = null
      await first.end()
      await bell.until(() => leading !== null)
    },
    told: subject => told.get(subject) ?? [],
    close: async () => {
      closed = true
      await Promise.all(nodes.map(({ end }) => end()))
      // Read, so that closing does not hold lost answers to presses against the bot.
      void fake.violations
      await fake.close()
    },
  }
}
