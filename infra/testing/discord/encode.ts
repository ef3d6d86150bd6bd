import {
  type APIChannel,
  type APIGuild,
  type APIGuildMember,
  type APIInteractionGuildMember,
  type APIRole,
  type APIUser,
  ChannelType,
  GuildMemberFlags,
  PermissionFlagsBits,
} from 'discord-api-types/v10'
import { type ChannelState, type GuildState, isThread, type RoleState, type World } from './world.ts'

/** What a plain member may do. */
export const MEMBER_PERMISSIONS =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.SendMessagesInThreads |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.ReadMessageHistory |
  PermissionFlagsBits.AddReactions |
  PermissionFlagsBits.UseApplicationCommands |
  PermissionFlagsBits.CreatePublicThreads

/** What the bot was invited with, beyond that. */
export const BOT_PERMISSIONS =
  PermissionFlagsBits.ManageThreads | PermissionFlagsBits.ManageMessages | PermissionFlagsBits.ManageChannels

export const apiUser = (id: string, name: string, bot = false): APIUser => ({
  id,
  username: name.toLowerCase().replaceAll(/[^a-z0-9._]/g, '_'),
  discriminator: '0',
  global_name: name,
  avatar: null,
  bot,
})

export const apiRoles = (guild: GuildState): APIRole[] =>
  [...guild.roles.values()].map((role, position) => apiRole(role, position))

export const apiRole = ({ id, name, permissions }: RoleState, position: number): APIRole =>
  ({
    id,
    name,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    position,
    permissions: permissions.toString(),
    managed: false,
    mentionable: false,
    flags: 0,
  }) as unknown as APIRole

const EVERYTHING = Object.values(PermissionFlagsBits).reduce((sum, bit) => sum | bit, 0n)

/** Everything a member's roles allow; an administrator's bit stands for all. */
export const permissionsOf = (guild: GuildState, userId: string): bigint => {
  const granted = [guild.id, ...(guild.members.get(userId)?.roles ?? [])].reduce(
    (sum, role) => sum | (guild.roles.get(role)?.permissions ?? 0n),
    0n,
  )
  return (granted & PermissionFlagsBits.Administrator) === 0n ? granted : EVERYTHING
}

export const apiMember = (world: World, guild: GuildState, userId: string): APIGuildMember => {
  const member = guild.members.get(userId)
  return {
    user: world.users.get(userId)!.user,
    roles: [...(member?.roles ?? [])],
    joined_at: member?.joinedAt ?? null,
    deaf: false,
    mute: false,
    flags: GuildMemberFlags.CompletedOnboarding,
  }
}

export const interactionMember = (
  world: World,
  guild: GuildState,
  userId: string,
): APIInteractionGuildMember => ({
  ...apiMember(world, guild, userId),
  user: world.users.get(userId)!.user,
  permissions: permissionsOf(guild, userId).toString(),
})

export const apiChannel = (world: World, channel: ChannelState): APIChannel => {
  const last = channel.messages.at(-1)?.message.id ?? null
  const base = { id: channel.id, type: channel.type, last_message_id: last }
  if (channel.type === ChannelType.DM)
    return { ...base, recipients: [world.users.get(channel.recipient!)!.user] } as unknown as APIChannel
  const inGuild = { ...base, name: channel.name, guild_id: channel.guildId, parent_id: channel.parentId }
  if (!isThread(channel))
    return { ...inGuild, position: 0, permission_overwrites: [], nsfw: false } as unknown as APIChannel
  return {
    ...inGuild,
    owner_id: channel.ownerId,
    message_count: channel.messages.length,
    member_count: channel.threadMembers.size,
    total_message_sent: channel.messages.length,
    rate_limit_per_user: 0,
    thread_metadata: {
      archived: channel.archived,
      locked: channel.locked,
      auto_archive_duration: 4_320,
      archive_timestamp: world.now(),
    },
  } as unknown as APIChannel
}

const channelsIn = (world: World, guild: GuildState, threads: boolean): ChannelState[] =>
  [...world.channels.values()].filter(
    channel => channel.guildId === guild.id && !channel.deleted && isThread(channel) === threads,
  )

export const apiChannels = (world: World, guild: GuildState): APIChannel[] =>
  channelsIn(world, guild, false).map(channel => apiChannel(world, channel))

export const apiThreads = (world: World, guild: GuildState): APIChannel[] =>
  channelsIn(world, guild, true)
    .filter(({ archived }) => !archived)
    .map(channel => apiChannel(world, channel))

export const apiGuild = (guild: GuildState): APIGuild =>
  ({
    id: guild.id,
    name: guild.name,
    icon: null,
    owner_id: guild.ownerId,
    roles: apiRoles(guild),
    emojis: [],
    stickers: [],
    features: [],
    afk_channel_id: null,
    afk_timeout: 300,
    default_message_notifications: 1,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    preferred_locale: 'en-US',
    premium_progress_bar_enabled: false,
    premium_tier: 0,
    system_channel_flags: 0,
    system_channel_id: null,
    verification_level: 0,
    application_id: null,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    vanity_url_code: null,
    description: null,
    banner: null,
    splash: null,
    discovery_splash: null,
    max_video_channel_users: 25,
    max_stage_video_channel_users: 50,
  }) as unknown as APIGuild

/** The whole guild as a session hears of it first. */
export const guildCreate = (world: World, guild: GuildState): unknown => ({
  ...apiGuild(guild),
  joined_at: guild.members.get(world.bot.id)?.joinedAt,
  large: false,
  unavailable: false,
  member_count: guild.members.size,
  members: [...guild.members.keys()].map(id => apiMember(world, guild, id)),
  channels: apiChannels(world, guild),
  threads: apiThreads(world, guild),
  presences: [],
  voice_states: [],
  stage_instances: [],
  guild_scheduled_events: [],
  soundboard_sounds: [],
})
