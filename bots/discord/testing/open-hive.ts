import type { Database } from '../../../infra/db.ts'
import { type Log, silentLog } from '../../../infra/log.ts'
import { type FakeDiscord, openFakeDiscord } from '../../../infra/testing/discord/fake-discord.ts'
import type { Guild } from '../../../infra/testing/discord/guilds.ts'
import type { Person } from '../../../infra/testing/discord/people.ts'
import type { Seen } from '../../../infra/testing/discord/seen.ts'
import { type ContributedMessage, openChats } from '../../../tools/chats.ts'
import { type Desk, type DeskOptions, openDesk } from '../../chat/desk.ts'
import { takeBack } from '../../chat/take-back.ts'
import { type Discord, openDiscord } from '../../discord.ts'
import { openBot } from '../../session.ts'
import { networkOn } from '../../testing/paper-desk.ts'
import { openStory, type Story } from '../../testing/story.ts'

export interface HiveOptions {
  readonly story?: Story
  readonly fake?: FakeDiscord
  readonly desk?: Partial<DeskOptions>
  readonly log?: Log
  /** Stands between the bot and its desk, to hold or break what is received. */
  around?(desk: Desk): Desk
}

/** The bot on a fake Discord with one server, over a real database and a story's verbs. */
export interface Hive {
  readonly fake: FakeDiscord
  readonly guild: Guild
  readonly story: Story
  readonly ann: Person
  readonly discord: Discord
  /** What was to be taken back because its message was deleted. */
  readonly takenBack: ContributedMessage[]
  /** Resolves once the desk has answered everything that was sent so far, `updates` more than before at least. */
  answered(updates?: number): Promise<void>
  /** What stands in a channel as Ann sees it. */
  read(channel?: string | { readonly id: string }): readonly Seen[]
  close(): Promise<void>
}

const yielding = () => new Promise<void>(resolve => setImmediate(resolve))

export const openHive = async (db: Database, options: HiveOptions = {}): Promise<Hive> => {
  const story = options.story ?? openStory()
  const fake = options.fake ?? (await openFakeDiscord())
  const guild = fake.guild({ name: 'Hive' })
  const ann = fake.person('Ann', { guild, admin: true })
  const network = networkOn(db, story)
  const bot = openBot(network, story.verbs)
  const chats = openChats(network)
  const takenBack: ContributedMessage[] = []
  let received = 0
  let waited = 0
  let wake = (): void => {}
  const discord = await openDiscord({
    token: fake.token,
    requestsPerSecond: Number.POSITIVE_INFINITY,
    api: fake.api,
    bot,
    chats,
    log: options.log ?? silentLog,
    takeBack: async contributed => {
      const { signal } = new AbortController()
      await takeBack({ chats, platform: 'discord', log: silentLog, signal, wait: yielding }, contributed)
      takenBack.push(contributed)
    },
    openDesk: platform => {
      const desk = openDesk({
        bot,
        chats,
        // Edits follow one another at once: no test waits for a pace.
        platform: { ...platform, editMilliseconds: 0 },
        log: options.log ?? silentLog,
        lookSeconds: 0,
        ...options.desk,
      })
      const around = options.around?.(desk) ?? desk
      return {
        receive: async incoming => {
          const told = await around.receive(incoming)
          received++
          wake()
          return told
        },
        start: () => around.start(),
        stop: () => around.stop(),
        idle: () => around.idle(),
        look: () => around.look(),
      }
    },
  })
  return {
    fake,
    guild,
    story,
    ann,
    discord,
    takenBack,
    async answered(updates = 1) {
      waited += updates
      while (received < waited)
        await new Promise<void>(done => {
          wake = done
        })
      await discord.desk.idle()
    },
    read: (channel = ann.dms) => fake.messages(channel, { as: ann }),
    async close() {
      await discord.close()
      if (options.fake === undefined) await fake.close()
    },
  }
}
