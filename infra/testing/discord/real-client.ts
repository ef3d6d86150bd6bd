import { Client, type ClientOptions, Events, GatewayIntentBits, Partials } from 'discord.js'
import { type FakeDiscord, type FakeDiscordOptions, openFakeDiscord } from './fake-discord.ts'

/** The intents of a bot without privileged ones. */
export const plainIntents = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.GuildMessageReactions,
  GatewayIntentBits.DirectMessages,
]

export interface Setting {
  readonly fake: FakeDiscord
  /** Logs an unmodified discord.js client in and waits until it is ready. */
  login(options?: Partial<ClientOptions>, token?: string): Promise<Client<true>>
  /** Destroys every client, then closes the fake. */
  close(): Promise<void>
}

/** A fake Discord for one test, and real clients for it. */
export const openSetting = async (options?: FakeDiscordOptions): Promise<Setting> => {
  const fake = await openFakeDiscord(options)
  const clients: Client[] = []
  return {
    fake,
    async login(more, token = fake.token) {
      const client = new Client({
        intents: plainIntents,
        partials: [Partials.Channel, Partials.Message, Partials.Reaction],
        rest: { api: fake.api },
        ...more,
      })
      clients.push(client)
      const ready = new Promise<void>(done => client.once(Events.ClientReady, () => done()))
      await client.login(token)
      await ready
      return client as Client<true>
    },
    async close() {
      for (const client of clients) await client.destroy()
      await fake.close()
    },
  }
}
