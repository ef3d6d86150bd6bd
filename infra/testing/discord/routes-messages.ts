import { GatewayDispatchEvents as Events } from 'discord-api-types/v10'
import { finishPresses } from './interactions.ts'
import { asReadByBot, edit, post, remove } from './messages.ts'
import { cannotSendToUser, forbiddenInDm, notTheAuthor } from './rejection.ts'
import { type Call, type Route, route, seenChannel, seenMessage } from './router.ts'
import type { ChannelState, MessageBody, World } from './world.ts'

/** How long a nonce is remembered: "the past few minutes" in the real one's words. */
const NONCE_MS = 5 * 60_000

const create = (call: Call): unknown => {
  const { world, files } = call
  const body = call.body as MessageBody
  const channel = seenChannel(call)
  refuseBlocked(world, channel)
  const key = `${channel.id}:${String(body.nonce)}`
  const now = world.clock.now().getTime()
  const earlier = world.nonces.get(key)
  if (body.enforce_nonce === true && earlier !== undefined && now - earlier.at < NONCE_MS)
    return earlier.message.message
  const message = post(world, channel, { author: world.bot.id, body, files })
  if (body.nonce !== undefined && body.nonce !== null) world.nonces.set(key, { message, at: now })
  finishPresses(world, channel)
  return message.message
}

const refuseBlocked = (world: World, { recipient }: ChannelState): void => {
  if (recipient !== null && world.users.get(recipient)?.blocks.has(world.bot.id) === true)
    throw cannotSendToUser()
}

const list = (call: Call): unknown => {
  const { world, query } = call
  const [before, after] = [query.get('before'), query.get('after')]
  const limit = Math.min(Number(query.get('limit') ?? 50), 100)
  const seen = seenChannel(call)
    .messages.filter(({ deleted, visibleTo }) => !deleted && visibleTo === null)
    .filter(({ message }) => before === null || BigInt(message.id) < BigInt(before))
    .filter(({ message }) => after === null || BigInt(message.id) > BigInt(after))
  const page = after === null ? seen.slice(-limit) : seen.slice(0, limit)
  return page.toReversed().map(({ message }) => asReadByBot(world, message, world.mayReadAll))
}

const change = (call: Call): unknown => {
  const stored = seenMessage(call)
  if (stored.message.author.id !== call.world.bot.id) throw notTheAuthor()
  refuseBlocked(call.world, seenChannel(call))
  edit(call.world, stored, call.body as MessageBody, call.files)
  finishPresses(call.world, seenChannel(call))
  return stored.message
}

const react =
  (event: typeof Events.MessageReactionAdd | typeof Events.MessageReactionRemove) =>
  (call: Call): undefined => {
    const { message } = seenMessage(call)
    setReaction(call.world, message.id, call.params.emoji ?? '', call.world.bot.id, event)
  }

/** Adds or takes away a reaction and tells the gateway. */
export const setReaction = (
  world: World,
  messageId: string,
  emoji: string,
  person: string,
  event: typeof Events.MessageReactionAdd | typeof Events.MessageReactionRemove,
): void => {
  const { message } = world.messages.get(messageId)!
  const step = event === Events.MessageReactionAdd ? 1 : -1
  const known = (message.reactions ?? []).find(reaction => reaction.emoji.name === emoji)
  const count = (known?.count ?? 0) + step
  const others = (message.reactions ?? []).filter(reaction => reaction !== known)
  const me = person === world.bot.id ? step === 1 : (known?.me ?? false)
  const reaction = {
    emoji: { id: null, name: emoji },
    count,
    me,
    me_burst: false,
    burst_colors: [],
    count_details: { burst: 0, normal: count },
  }
  message.reactions = count > 0 ? [...others, reaction] : others
  const channel = world.channels.get(message.channel_id)!
  world.dispatch(
    event,
    {
      user_id: person,
      channel_id: channel.id,
      message_id: messageId,
      ...(channel.guildId === null ? {} : { guild_id: channel.guildId }),
      emoji: { id: null, name: emoji },
      burst: false,
      type: 0,
    },
    channel,
  )
  world.activity.tell({ kind: 'reaction', message: messageId, emoji, person })
}

const pin =
  (pinned: boolean) =>
  (call: Call): undefined => {
    seenMessage(call).message.pinned = pinned
  }

export const messageRoutes: readonly Route[] = [
  route('POST /channels/:id/messages', create),
  route('GET /channels/:id/messages', list),
  route('POST /channels/:id/messages/bulk-delete', call => {
    for (const message of (call.body as { messages: string[] }).messages)
      remove(call.world, seenMessage({ ...call, params: { ...call.params, message } }))
  }),
  route('PUT /channels/:id/messages/pins/:message', pin(true)),
  route('DELETE /channels/:id/messages/pins/:message', pin(false)),
  route('PUT /channels/:id/pins/:message', pin(true)),
  route('DELETE /channels/:id/pins/:message', pin(false)),
  route('GET /channels/:id/messages/:message', call =>
    asReadByBot(call.world, seenMessage(call).message, call.world.mayReadAll),
  ),
  route('PATCH /channels/:id/messages/:message', change),
  route('DELETE /channels/:id/messages/:message', call => {
    const stored = seenMessage(call)
    const own = stored.message.author.id === call.world.bot.id
    if (!own && seenChannel(call).guildId === null) throw forbiddenInDm()
    remove(call.world, stored)
  }),
  route('PUT /channels/:id/messages/:message/reactions/:emoji/@me', react(Events.MessageReactionAdd)),
  route('DELETE /channels/:id/messages/:message/reactions/:emoji/@me', react(Events.MessageReactionRemove)),
  route('POST /channels/:id/typing', call => {
    call.world.activity.tell({ kind: 'typing', channel: seenChannel(call).id })
  }),
]
