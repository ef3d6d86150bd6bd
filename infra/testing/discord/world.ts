import {
  type APIAllowedMentions,
  type APIApplicationCommand,
  type APIEmbed,
  type APIMessage,
  type APIUser,
  ChannelType,
  type GatewayDispatchEvents,
} from 'discord-api-types/v10'
import type { Clock } from '../../clock.ts'
import { fault } from '../../errors.ts'
import type { Activity } from './activity.ts'
import type { Interaction } from './interactions.ts'

export interface MessageBody {
  readonly content?: string | null
  readonly embeds?: readonly APIEmbed[] | null
  readonly components?: readonly unknown[] | null
  readonly flags?: number | null
  readonly attachments?: readonly { id: string | number; filename?: string; description?: string }[] | null
  readonly allowed_mentions?: Partial<APIAllowedMentions> | null
  readonly nonce?: string | number | null
  readonly enforce_nonce?: boolean | null
  readonly message_reference?: { readonly message_id?: string } | null
}

export interface UploadedFile {
  /** The form's field: `files[0]`. */
  readonly field: string
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
}

export interface StoredFile {
  readonly path: string
  readonly name: string
  readonly type: string
  readonly bytes: Uint8Array
  gone: boolean
}

/** A message as it stands, and who may see it: everybody in the channel, or only `visibleTo`. */
export interface StoredMessage {
  readonly message: APIMessage
  readonly visibleTo: string | null
  /** Ids of people whom the message notified; `everyone` for the whole channel. */
  pings: string[]
  deleted: boolean
}

/** What stands in a channel's transcript: a message, or a line about what a person did. */
export type Entry = { readonly message: string } | { readonly act: string }

export interface ChannelState {
  readonly id: string
  readonly type: ChannelType
  name: string
  readonly guildId: string | null
  readonly parentId: string | null
  /** The other person of a DM. */
  readonly recipient: string | null
  readonly ownerId: string | null
  archived: boolean
  locked: boolean
  readonly threadMembers: Set<string>
  /** The bot may see the channel but not write there: 50013. */
  forbidden: boolean
  deleted: boolean
  readonly messages: StoredMessage[]
  readonly entries: Entry[]
}

export interface RoleState {
  readonly id: string
  readonly name: string
  readonly permissions: bigint
}

export interface GuildState {
  readonly id: string
  readonly name: string
  /** Somebody whom no test plays. */
  readonly ownerId: string
  readonly roles: Map<string, RoleState>
  /** Role ids by the member's user id. */
  readonly members: Map<string, { readonly roles: string[]; readonly joinedAt: string }>
  /** The bot was removed: 50001 on everything there. */
  left: boolean
}

export interface UserState {
  readonly user: APIUser
  readonly locale: string
  readonly blocks: Set<string>
}

/** Everything the fake remembers. */
export interface World {
  readonly clock: Clock
  readonly origin: () => string
  readonly bot: APIUser
  readonly applicationId: string
  readonly token: string
  readonly users: Map<string, UserState>
  readonly guilds: Map<string, GuildState>
  readonly channels: Map<string, ChannelState>
  readonly messages: Map<string, StoredMessage>
  readonly files: Map<string, StoredFile>
  readonly interactions: Map<string, Interaction>
  /** Those among them whose answer is still to come. */
  readonly waiting: Set<Interaction>
  /** Commands by `global` or guild id. */
  readonly commands: Map<string, APIApplicationCommand[]>
  readonly nonces: Map<string, { readonly message: StoredMessage; readonly at: number }>
  readonly activity: Activity
  /** Whether the bot was granted the privileged message content intent. */
  readonly mayReadAll: boolean
  id(): string
  now(): string
  /** Sends a gateway event to every session that may hear it. */
  dispatch(event: GatewayDispatchEvents, data: unknown, place?: ChannelState): void
}

const EPOCH = 1_420_070_400_000n

/** Ids as Discord makes them: milliseconds since 2015 in the upper bits, always growing. */
export const snowflakes = (clock: Clock): (() => string) => {
  let last = 0n
  return () => {
    const byTime = (BigInt(clock.now().getTime()) - EPOCH) << 22n
    last = byTime > last ? byTime : last + 1n
    return last.toString()
  }
}

export const isThread = (channel: ChannelState): boolean =>
  channel.type === ChannelType.PublicThread || channel.type === ChannelType.PrivateThread

export const openChannel = (
  world: World,
  part: Partial<ChannelState> & { type: ChannelType },
): ChannelState => {
  const channel: ChannelState = {
    id: world.id(),
    name: '',
    guildId: null,
    parentId: null,
    recipient: null,
    ownerId: null,
    archived: false,
    locked: false,
    threadMembers: new Set(),
    forbidden: false,
    deleted: false,
    messages: [],
    entries: [],
    ...part,
  }
  world.channels.set(channel.id, channel)
  return channel
}

/** The private chat of the bot with a person; the same one always. */
export const dmChannel = (world: World, userId: string): ChannelState =>
  [...world.channels.values()].find(({ recipient }) => recipient === userId) ??
  openChannel(world, { type: ChannelType.DM, recipient: userId })

/** A channel by id, by handle, or by name within a guild; names are for tests, so an unknown one is a mistake there. */
export const channelOf = (
  world: World,
  ref: string | { readonly id: string },
  guildId?: string,
): ChannelState => {
  const key = typeof ref === 'string' ? ref : ref.id
  const found =
    world.channels.get(key) ??
    [...world.channels.values()].find(
      ({ name, guildId: at }) => name === key && at !== null && (guildId === undefined || at === guildId),
    )
  if (found === undefined)
    throw fault('unknown-channel', 'The fake Discord has no such channel.', {
      fix: 'Give a channel that was made with fake.guild.',
      facts: { channel: key },
    })
  return found
}
