import {
  Client,
  GatewayDispatchEvents as Dispatch,
  Events,
  GatewayIntentBits,
  Options,
  Partials,
  REST,
} from 'discord.js'
import { fault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import { loggable } from './faults.ts'

/** What the bot hears: servers and their channels, that somebody wrote or deleted, and private chats. No privileged intent. */
export const intents = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.DirectMessages,
] as const

/** Events that are read here as they come. */
export interface Heard {
  interaction(data: unknown): Promise<void>
  message(data: unknown): Promise<void>
  deleted(ids: readonly string[]): Promise<void>
}

const REQUEST_MS = 15_000

const requests = (api: string | undefined) => ({
  timeout: REQUEST_MS,
  retries: 3,
  ...(api === undefined ? {} : { api }),
})

/** For requests by an interaction's token: Discord's 50 requests a second do not count those, and nobody waits behind others. */
export const openTokenRequests = (api: string | undefined): REST =>
  new REST({ ...requests(api), version: '10', globalRequestsPerSecond: Number.POSITIVE_INFINITY })

/** A client that keeps no more than servers with their roles and channels. `api` is the address of the REST API. */
export const openClient = (log: Log, api: string | undefined, requestsPerSecond: number): Client => {
  const client: Client = new Client({
    intents: [...intents],
    partials: [Partials.Channel, Partials.Message],
    allowedMentions: { parse: [] },
    rest: { ...requests(api), globalRequestsPerSecond: requestsPerSecond },
    makeCache: Options.cacheWithLimits({
      MessageManager: 0,
      ReactionManager: 0,
      GuildMemberManager: { maxSize: 1, keepOverLimit: member => member.id === client.user?.id },
      UserManager: { maxSize: 1, keepOverLimit: user => user.id === client.user?.id },
      ThreadMemberManager: 0,
      PresenceManager: 0,
      GuildEmojiManager: 0,
      GuildStickerManager: 0,
    }),
  })
  const note = (event: string) => (error: unknown) => log.warn(event, loggable(error))
  client.on(Events.Error, note('discord.error'))
  client.on(Events.ShardError, note('discord.socket-error'))
  client.on(Events.Invalidated, () => log.error('discord.session-invalidated'))
  client.on(Events.ShardReconnecting, shard => log.info('discord.reconnecting', { shard }))
  client.on(Events.ShardResume, shard => log.info('discord.resumed', { shard }))
  client.on(Events.ShardDisconnect, ({ code }, shard) =>
    log.error('discord.disconnected-for-good', { shard, code }),
  )
  return client
}

/** Hands events on, until the function it returns is called; nothing in them ends the connection or the process. */
export const listen = (client: Client, heard: Heard, log: Log): (() => void) => {
  let listening = true
  const safely = (event: string, work: () => Promise<void>): void => {
    if (!listening) return
    Promise.resolve()
      .then(work)
      .catch((error: unknown) => log.error('discord.listener-failed', { on: event, ...loggable(error) }))
  }
  const idsOf = (data: unknown): string[] => {
    const { id, ids } = (data ?? {}) as { id?: unknown; ids?: unknown }
    const all: unknown[] = Array.isArray(ids) ? ids : [id]
    return all.filter(one => typeof one === 'string')
  }
  client.ws.on(Dispatch.InteractionCreate, data => safely('interaction', () => heard.interaction(data)))
  client.ws.on(Dispatch.MessageCreate, data => safely('message', () => heard.message(data)))
  for (const event of [Dispatch.MessageDelete, Dispatch.MessageDeleteBulk] as const)
    client.ws.on(event, data => safely('deletion', () => heard.deleted(idsOf(data))))
  guardPackets(client, log)
  return () => {
    listening = false
  }
}

/** Read here and nowhere else. */
const ours: ReadonlySet<string> = new Set([
  Dispatch.InteractionCreate,
  Dispatch.MessageCreate,
  Dispatch.MessageUpdate,
  Dispatch.MessageDelete,
  Dispatch.MessageDeleteBulk,
])

type Handle = (packet: { t?: string } | undefined, shard: unknown) => boolean

// discord.js builds its structures inside the socket's listener: what is malformed throws there, and the rejection that
// follows ends the process. So it gets only what its cache of servers needs, and may fail at that.
const guardPackets = (client: Client, log: Log): void => {
  const handle = Reflect.get(client.ws, 'handlePacket') as Handle
  const guarded: Handle = (packet, shard) => {
    if (packet?.t !== undefined && ours.has(packet.t)) return true
    try {
      return handle.call(client.ws, packet, shard)
    } catch (error) {
      log.warn('discord.malformed', { on: packet?.t ?? '', ...loggable(error) })
      return false
    }
  }
  Reflect.set(client.ws, 'handlePacket', guarded)
}

/** Logs in and waits until Discord told everything. Throws `discord-token-refused` and `discord-unreachable` (retry). */
export const login = async (client: Client, token: string): Promise<Client<true>> => {
  const ready = new Promise<void>(done => client.once(Events.ClientReady, () => done()))
  try {
    await client.login(token)
  } catch (cause) {
    const code: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'code') : undefined
    const refused = code === 'TokenInvalid'
    throw fault(
      refused ? 'discord-token-refused' : 'discord-unreachable',
      refused ? 'Discord refuses the token of the bot.' : 'Discord cannot be reached.',
      {
        fix: refused
          ? 'Put the token of the bot, from the developer portal, into DISCORD_TOKEN.'
          : 'Check the connection and start again.',
        blame: refused ? 'operator' : 'world',
        retry: !refused,
        cause,
      },
    )
  }
  await ready
  return client as Client<true>
}
