import {
  type APIInteraction,
  type APIMessage,
  GatewayDispatchEvents as Events,
  type InteractionType,
} from 'discord-api-types/v10'
import { apiChannel, interactionMember, permissionsOf } from './encode.ts'
import type { ChoiceBody, ModalBody } from './limits-commands.ts'
import { UPLOAD_BYTES } from './messages.ts'
import type { ChannelState, StoredMessage, World } from './world.ts'

/** Milliseconds in which an interaction must be acknowledged. */
export const ACKNOWLEDGE_MS = 3_000
/** Milliseconds in which its token may be used. */
export const TOKEN_MS = 15 * 60_000

/** Something a person asked of the bot, and how far the answer is. */
export interface Interaction {
  readonly id: string
  readonly token: string
  readonly type: InteractionType
  readonly person: string
  readonly channel: ChannelState
  /** By the world's clock, in milliseconds. */
  readonly at: number
  /** The message whose button was pressed, or whose button opened the form. */
  readonly source: StoredMessage | null
  /** `deferred` means thinking: the person sees a spinner. */
  state: 'waiting' | 'deferred' | 'answered'
  /** What `@original` names. */
  original: StoredMessage | null
  modal: ModalBody | null
  choices: readonly ChoiceBody[] | null
  readonly metadata: NonNullable<APIMessage['interaction_metadata']>
}

/** Opens an interaction of a person in a channel and sends it to the bot. */
export const interact = (
  world: World,
  person: string,
  channel: ChannelState,
  type: InteractionType,
  data: unknown,
  source: StoredMessage | null = null,
): Interaction => {
  const id = world.id()
  const { user, locale } = world.users.get(person)!
  const guild = world.guilds.get(channel.guildId ?? '')
  const owners = guild === undefined ? { 1: person } : { 0: guild.id }
  const interaction: Interaction = {
    id,
    token: `interaction-${id}`,
    type,
    person,
    channel,
    at: world.clock.now().getTime(),
    source,
    state: 'waiting',
    original: null,
    modal: null,
    choices: null,
    metadata: { id, type, user, authorizing_integration_owners: owners } as Interaction['metadata'],
  }
  world.interactions.set(interaction.token, interaction)
  world.waiting.add(interaction)
  const payload = {
    id,
    application_id: world.applicationId,
    type,
    data,
    token: interaction.token,
    version: 1,
    channel: apiChannel(world, channel),
    channel_id: channel.id,
    ...(guild === undefined
      ? { user, context: 1 }
      : {
          guild_id: guild.id,
          guild: { id: guild.id, features: [], locale: 'en-US' },
          guild_locale: 'en-US',
          member: interactionMember(world, guild, person),
          context: 0,
        }),
    ...(source === null ? {} : { message: source.message }),
    app_permissions: (guild === undefined ? 0n : permissionsOf(guild, world.bot.id)).toString(),
    locale,
    entitlements: [],
    authorizing_integration_owners: owners,
    attachment_size_limit: UPLOAD_BYTES,
  } as unknown as APIInteraction
  world.dispatch(Events.InteractionCreate, payload)
  return interaction
}

const age = (world: World, { at }: Interaction): number => world.clock.now().getTime() - at

/** Whether the first answer comes too late: after 3 s the person has read that the application did not respond. */
export const overdue = (world: World, interaction: Interaction): boolean =>
  age(world, interaction) > ACKNOWLEDGE_MS

export const tokenExpired = (world: World, interaction: Interaction): boolean =>
  age(world, interaction) > TOKEN_MS

/** Notes that the person has the answer. */
export const finish = (world: World, interaction: Interaction): void => {
  interaction.state = 'answered'
  world.waiting.delete(interaction)
}

/** Notes a message of the bot in a channel: it answers every press there that was only acknowledged. */
export const finishPresses = (world: World, channel: ChannelState): void => {
  for (const interaction of world.waiting)
    if (interaction.state === 'deferred' && interaction.original === interaction.source)
      if (interaction.channel === channel) finish(world, interaction)
}

/** Whether any person still waits for the bot to say something. */
export const anyoneWaits = (world: World): boolean =>
  [...world.waiting].some(interaction =>
    interaction.state === 'waiting' ? !overdue(world, interaction) : !tokenExpired(world, interaction),
  )
