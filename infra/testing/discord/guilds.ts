import {
  type APIRole,
  ChannelType,
  GatewayDispatchEvents as Events,
  PermissionFlagsBits,
} from 'discord-api-types/v10'
import { apiMember, apiRole, apiUser, BOT_PERMISSIONS, guildCreate, MEMBER_PERMISSIONS } from './encode.ts'
import { openPerson, type Person } from './people.ts'
import { channelOf, type GuildState, openChannel, type World } from './world.ts'

export interface GuildOptions {
  readonly name: string
  /** Text channels; `general` unless said. */
  readonly channels?: readonly string[]
}

/** A server, to use as the people of a test do. */
export interface Guild {
  readonly id: string
  readonly name: string
  channel(name: string): { readonly id: string; readonly name: string }
  /** The role of that name, made where there is none yet. */
  role(name: string): { readonly id: string; readonly name: string }
  /** Removes the bot from the server. */
  removeBot(): void
}

export interface PersonOptions {
  readonly guild?: Guild
  /** Names of roles there. */
  readonly roles?: readonly string[]
  readonly admin?: boolean
  /** The client's language; `en-US` unless said. */
  readonly locale?: string
}

const newRole = (world: World, guild: GuildState, name: string, permissions = 0n): APIRole => {
  const role = { id: world.id(), name, permissions }
  guild.roles.set(role.id, role)
  const told = apiRole(role, guild.roles.size - 1)
  world.dispatch(Events.GuildRoleCreate, { guild_id: guild.id, role: told })
  return told
}

export const openGuild = (world: World, { name, channels = ['general'] }: GuildOptions): Guild => {
  const id = world.id()
  const state: GuildState = {
    id,
    name,
    ownerId: world.id(),
    roles: new Map([[id, { id, name: '@everyone', permissions: MEMBER_PERMISSIONS }]]),
    members: new Map(),
    left: false,
  }
  const own = { id: world.id(), name: world.bot.global_name ?? 'bot', permissions: BOT_PERMISSIONS }
  state.roles.set(own.id, own)
  state.members.set(world.bot.id, { roles: [own.id], joinedAt: world.now() })
  world.guilds.set(id, state)
  for (const channel of channels)
    openChannel(world, { type: ChannelType.GuildText, name: channel, guildId: id })
  world.dispatch(Events.GuildCreate, guildCreate(world, state))
  return {
    id,
    name,
    channel: wanted => {
      const channel = channelOf(world, wanted, id)
      return { id: channel.id, name: channel.name }
    },
    role: wanted =>
      [...state.roles.values()].find(role => role.name === wanted) ?? newRole(world, state, wanted),
    removeBot() {
      state.left = true
      state.members.delete(world.bot.id)
      world.dispatch(Events.GuildDelete, { id })
    },
  }
}

export const joinPerson = (world: World, name: string, options: PersonOptions = {}): Person => {
  const { guild, roles = [], admin = false, locale = 'en-US' } = options
  const id = world.id()
  world.users.set(id, { user: apiUser(id, name), locale, blocks: new Set() })
  const state = world.guilds.get(guild?.id ?? '')
  if (guild !== undefined && state !== undefined) {
    const held = roles.map(role => guild.role(role).id)
    const known = [...state.roles.values()].find(
      ({ permissions }) => (permissions & PermissionFlagsBits.Administrator) !== 0n,
    )
    if (admin) held.push((known ?? newRole(world, state, 'Admin', PermissionFlagsBits.Administrator)).id)
    state.members.set(id, { roles: held, joinedAt: world.now() })
    world.dispatch(Events.GuildMemberAdd, { ...apiMember(world, state, id), guild_id: state.id })
  }
  return openPerson(world, id, name, guild?.id)
}
