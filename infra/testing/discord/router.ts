import { missingAccess, unknownChannel, unknownGuild, unknownMessage } from './rejection.ts'
import type { ChannelState, GuildState, StoredMessage, UploadedFile, World } from './world.ts'

export interface Call {
  readonly world: World
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The JSON body, or the form's `payload_json`. */
  readonly body: unknown
  readonly files: readonly UploadedFile[]
}

export interface Route {
  /** Method and path with named parameters: `POST /channels/:id/messages`. Names the route in faults and counts. */
  readonly key: string
  /** Whether the bot's token must come with it; webhooks carry their own. */
  readonly auth: boolean
  /** Returns the answer's body; nothing means 204. Throws a Rejection. */
  readonly handle: (call: Call) => unknown
}

export const route = (key: string, handle: Route['handle'], auth = true): Route => ({ key, auth, handle })

/** Finds the route of a request among those given; the first that fits wins. */
export const openRouter = (
  routes: readonly Route[],
): ((method: string, path: string) => { route: Route; params: Record<string, string> } | undefined) => {
  const table = routes.map(entry => {
    const [method, path] = entry.key.split(' ') as [string, string]
    return { entry, method, pattern: new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`) }
  })
  return (method, path) => {
    for (const { entry, method: wanted, pattern } of table) {
      const match = wanted === method ? pattern.exec(path) : null
      if (match === null) continue
      const params = Object.entries(match.groups ?? {}).map(([name, value]) => [
        name,
        decodeURIComponent(value),
      ])
      return { route: entry, params: Object.fromEntries(params) as Record<string, string> }
    }
    return undefined
  }
}

/** The channel of a request, where the bot may see it. */
export const seenChannel = ({ world, params }: Call): ChannelState => {
  const channel = world.channels.get(params.id ?? '')
  if (channel === undefined || channel.deleted) throw unknownChannel()
  if (world.guilds.get(channel.guildId ?? '')?.left === true) throw missingAccess()
  return channel
}

/** The message of a request: not a deleted one, and none that only a person sees. */
export const seenMessage = (call: Call): StoredMessage => {
  const channel = seenChannel(call)
  const stored = call.world.messages.get(call.params.message ?? '')
  if (stored === undefined || stored.deleted || stored.visibleTo !== null) throw unknownMessage()
  if (stored.message.channel_id !== channel.id) throw unknownMessage()
  return stored
}

export const seenGuild = ({ world, params }: Call): GuildState => {
  const guild = world.guilds.get(params.id ?? '')
  if (guild === undefined) throw unknownGuild()
  if (guild.left) throw missingAccess()
  return guild
}
