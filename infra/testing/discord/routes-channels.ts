import { ChannelType, GatewayDispatchEvents as Events } from 'discord-api-types/v10'
import { apiChannel, apiChannels, apiGuild, apiMember, apiRoles, apiThreads } from './encode.ts'
import { post } from './messages.ts'
import {
  missingPermissions,
  openFindings,
  threadExists,
  unknownChannel,
  unknownMember,
  unknownUser,
} from './rejection.ts'
import { type Call, type Route, route, seenChannel, seenGuild, seenMessage } from './router.ts'
import { type ChannelState, dmChannel, isThread, type MessageBody, openChannel, type World } from './world.ts'

interface ThreadBody {
  readonly name: string
  readonly type?: ChannelType
  /** Only in a forum: the first message. */
  readonly message?: MessageBody
}

const checkName = (name: unknown): void => {
  const findings = openFindings()
  findings.length(['name'], name ?? '', 100, 1)
  findings.check()
}

const startThread = (call: Call, id?: string): unknown => {
  const { world, files } = call
  const body = call.body as ThreadBody
  checkName(body.name)
  const parent = seenChannel(call)
  if (parent.forbidden) throw missingPermissions()
  if (id !== undefined && world.channels.has(id)) throw threadExists()
  const thread = openThread(world, parent, body.name, world.bot.id, id, body.type)
  if (body.message !== undefined) post(world, thread, { author: world.bot.id, body: body.message, files })
  return apiChannel(world, thread)
}

/** Opens a thread in a channel, with its maker in it, and tells the gateway. */
export const openThread = (
  world: World,
  parent: ChannelState,
  name: string,
  ownerId: string,
  id?: string,
  type: ChannelType = ChannelType.PublicThread,
): ChannelState => {
  const thread = openChannel(world, {
    type: type === ChannelType.PrivateThread ? type : ChannelType.PublicThread,
    name,
    guildId: parent.guildId,
    parentId: parent.id,
    ownerId,
    threadMembers: new Set([ownerId]),
    ...(id === undefined ? {} : { id }),
  })
  parent.entries.push({ act: `(thread “${name}”)` })
  world.dispatch(Events.ThreadCreate, { ...apiChannel(world, thread), newly_created: true }, thread)
  return thread
}

const change = (call: Call): unknown => {
  const { world } = call
  const channel = seenChannel(call)
  if (channel.forbidden) throw missingPermissions()
  const body = call.body as { name?: string; archived?: boolean; locked?: boolean }
  if (body.name !== undefined) checkName(body.name)
  channel.name = body.name ?? channel.name
  channel.archived = body.archived ?? channel.archived
  channel.locked = body.locked ?? channel.locked
  const event = isThread(channel) ? Events.ThreadUpdate : Events.ChannelUpdate
  world.dispatch(event, apiChannel(world, channel), channel)
  return apiChannel(world, channel)
}

/** Takes a channel or thread away, with what was said in it. */
export const removeChannel = (world: World, channel: ChannelState): unknown => {
  const told = apiChannel(world, channel)
  channel.deleted = true
  world.dispatch(isThread(channel) ? Events.ThreadDelete : Events.ChannelDelete, told, channel)
  return told
}

const member =
  (present: boolean) =>
  (call: Call): undefined => {
    const thread = seenChannel(call)
    const user = call.params.user === '@me' ? call.world.bot.id : (call.params.user ?? '')
    if (!call.world.users.has(user)) throw unknownUser()
    thread.threadMembers[present ? 'add' : 'delete'](user)
    call.world.dispatch(
      Events.ThreadMembersUpdate,
      {
        id: thread.id,
        guild_id: thread.guildId,
        member_count: thread.threadMembers.size,
        added_members: present
          ? [{ id: thread.id, user_id: user, join_timestamp: call.world.now(), flags: 0 }]
          : [],
        removed_member_ids: present ? [] : [user],
      },
      thread,
    )
  }

const threadMembers = (call: Call): unknown => {
  const thread = seenChannel(call)
  return [...thread.threadMembers].map(user_id => ({
    id: thread.id,
    user_id,
    join_timestamp: call.world.now(),
    flags: 0,
  }))
}

const openDm = ({ world, body }: Call): unknown => {
  const recipient = (body as { recipient_id?: string }).recipient_id ?? ''
  if (!world.users.has(recipient)) throw unknownUser()
  return apiChannel(world, dmChannel(world, recipient))
}

const createChannel = (call: Call): unknown => {
  const { world } = call
  const guild = seenGuild(call)
  const body = call.body as { name: string; type?: ChannelType; parent_id?: string | null }
  checkName(body.name)
  const channel = openChannel(world, {
    type: body.type ?? ChannelType.GuildText,
    name: body.name,
    guildId: guild.id,
    parentId: body.parent_id ?? null,
  })
  world.dispatch(Events.ChannelCreate, apiChannel(world, channel), channel)
  return apiChannel(world, channel)
}

const archived = (call: Call): unknown => ({
  threads: [...call.world.channels.values()]
    .filter(({ parentId, archived, deleted }) => parentId === seenChannel(call).id && archived && !deleted)
    .map(thread => apiChannel(call.world, thread)),
  members: [],
  has_more: false,
})

const guildMember = (call: Call): unknown => {
  const guild = seenGuild(call)
  const user = call.params.user === '@me' ? call.world.bot.id : (call.params.user ?? '')
  if (!guild.members.has(user)) throw unknownMember()
  return apiMember(call.world, guild, user)
}

export const channelRoutes: readonly Route[] = [
  route('POST /users/@me/channels', openDm),
  route('GET /channels/:id', call => apiChannel(call.world, seenChannel(call))),
  route('PATCH /channels/:id', change),
  route('DELETE /channels/:id', call => {
    const channel = seenChannel(call)
    if (channel.recipient !== null) throw unknownChannel()
    return removeChannel(call.world, channel)
  }),
  route('POST /channels/:id/threads', call => startThread(call)),
  route('POST /channels/:id/messages/:message/threads', call =>
    startThread(call, seenMessage(call).message.id),
  ),
  route('GET /channels/:id/threads/archived/public', archived),
  route('GET /channels/:id/thread-members', threadMembers),
  route('PUT /channels/:id/thread-members/:user', member(true)),
  route('DELETE /channels/:id/thread-members/:user', member(false)),
  route('GET /guilds/:id', call => apiGuild(seenGuild(call))),
  route('GET /guilds/:id/channels', call => apiChannels(call.world, seenGuild(call))),
  route('POST /guilds/:id/channels', createChannel),
  route('GET /guilds/:id/roles', call => apiRoles(seenGuild(call))),
  route('GET /guilds/:id/threads/active', call => ({
    threads: apiThreads(call.world, seenGuild(call)),
    members: [],
  })),
  route('GET /guilds/:id/members', call => {
    const guild = seenGuild(call)
    return [...guild.members.keys()].map(user => apiMember(call.world, guild, user))
  }),
  route('GET /guilds/:id/members/:user', guildMember),
]
