import type { Database } from '../../infra/db.ts'
import { silentLog } from '../../infra/log.ts'
import { openFakeDiscord } from '../../infra/testing/discord/fake-discord.ts'
import { openChats } from '../../tools/chats.ts'
import { type Desk, openDesk } from '../chat/desk.ts'
import { aborted, keepLeading } from '../chat/leader.ts'
import { openDiscord } from '../discord.ts'
import { openBot } from '../session.ts'
import { manyBudgets, shortPause, waitingOn } from './crowd.ts'
import { type Life, mortalDatabase, mortalPlatform } from './life.ts'
import { Bell, noting, type Stage } from './stage.ts'
import { openTill } from './till.ts'

/** A Discord stage has a server besides: slash commands are used there. */
export interface DiscordStage extends Stage {
  /** Uses `/help` in the server's channel. */
  slash(name: string): { state(): string }
  /** What the bot said in the server's channel. */
  channel(): readonly string[]
  /** Minutes pass for Discord. */
  pass(minutes: number): void
}

export const openDiscordStage = async (db: Database): Promise<DiscordStage> => {
  let skipped = 0
  const now = () => Date.now() + skipped
  const fake = await openFakeDiscord({ clock: { now: () => new Date(now()) } })
  const guild = fake.guild({ name: 'Hive' })
  const { id: general } = guild.channel('general')
  const bell = new Bell()
  const told = new Map<string, string[]>()
  let leading: { life: Life; desk: Desk } | null = null
  // Every event passes by this predicate, which never finds what it looks for.
  void fake
    .next(event => {
      bell.ring('channel' in event ? event.channel : undefined)
      return false
    }, 600_000)
    .catch(() => {})

  const openNode = () => {
    const life: Life = { state: 'alive' }
    const { network, verbs } = openTill(mortalDatabase(db, life))
    const chats = openChats(network)
    const bot = openBot(network, verbs)
    const end = keepLeading({
      chats: openChats({ ...network, db }),
      platform: 'discord',
      token: fake.token,
      log: silentLog,
      wait: shortPause,
      work: async signal => {
        let desk: Desk | null = null
        const node = await openDiscord({
          token: fake.token,
          requestsPerSecond: Number.POSITIVE_INFINITY,
          api: fake.api,
          bot,
          chats,
          log: silentLog,
          now,
          openDesk: platform => {
            desk = noting(
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
            return desk
          },
        })
        leading = { life, desk: desk as unknown as Desk }
        bell.ring()
        await aborted(signal)
        leading = null
        await node.close()
      },
    })
    return { life, end }
  }
  const nodes = [openNode(), openNode()]
  await bell.until(() => leading !== null)
  const listening = () => bell.until(() => leading !== null)

  const stage: DiscordStage = {
    db: { waiting: () => waitingOn(db, 'discord') },
    person: name => {
      const person = fake.person(name, { guild })
      const heard = () => fake.messages(person.dms, { as: person }).filter(({ byBot }) => byBot)
      return {
        subject: person.id,
        say: line => {
          const sent = person.dm(line)
          return () => person.delete(sent)
        },
        press: label => {
          const under = heard().findLast(({ buttons }) => buttons.some(button => button.label === label))
          person.press(under ?? '', label)
        },
        block: () => person.block(),
        unblock: () => person.unblock(),
        heard: () =>
          heard().map(({ text, buttons }) => ({ text, buttons: buttons.map(({ label }) => label) })),
      }
    },
    slash: name => fake.person(name, { guild }).slash(general, 'help'),
    channel: () =>
      fake
        .messages(general)
        .filter(({ byBot, loading }) => byBot && !loading)
        .map(({ text }) => text),
    pass: minutes => {
      skipped += minutes * 60_000
    },
    injected: () => fake.faults.injected,
    storm: (seed, rate) => {
      fake.faults.mix({
        seed,
        rate,
        requests: ['rate-limit', 'server-error', 'close-before', 'close-after', 'late', 'malformed'],
        events: ['late', 'duplicate', 'out-of-order', 'close-gateway', 'reconnect', 'malformed'],
      })
      // The ways to lose a connection that discord.js does not mend by itself.
      for (const kind of ['close-before', 'close-after'] as const)
        for (let after = 3; after < 60; after += 6)
          fake.faults.add({ on: 'POST /channels/:id/messages', kind, socket: 'end', after })
    },
    calm: () => fake.faults.clear(),
    until: (holds, subject) => bell.until(holds, subject),
    answered: async () => {
      await listening()
      await fake.settled({ within: 30_000, thinking: 200 })
      await leading?.desk.idle()
      await fake.settled({ within: 30_000, thinking: 200 })
    },
    restart: async meanwhile => {
      const [first] = nodes.splice(0, 1)
      if (first === undefined) return
      first.life.state = 'frozen'
      await meanwhile?.()
      first.life.state = 'dead'
      await first.end()
      await listening()
    },
    told: subject => told.get(subject) ?? [],
    close: async () => {
      await Promise.all(nodes.map(({ end }) => end()))
      await fake.close()
    },
  }
  return stage
}
