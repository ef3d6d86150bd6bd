import { InteractionType, MessageFlags, InteractionResponseType as Response } from 'discord-api-types/v10'
import { numbered } from './component-tree.ts'
import { finish, type Interaction, overdue, tokenExpired } from './interactions.ts'
import { type ChoiceBody, checkChoices, checkModal, type ModalBody } from './limits-commands.ts'
import { edit, post, remove } from './messages.ts'
import {
  alreadyAcknowledged,
  expiredWebhookToken,
  openFindings,
  unknownInteraction,
  unknownMessage,
  unknownWebhook,
} from './rejection.ts'
import { type Call, type Route, route } from './router.ts'
import type { MessageBody, StoredMessage, World } from './world.ts'

interface CallbackBody {
  readonly type: number
  readonly data?: MessageBody & Partial<ModalBody> & { readonly choices?: readonly ChoiceBody[] }
}

const isComponent = ({ source }: Interaction): boolean => source !== null

/** Which callbacks an interaction may have, by its type. */
const allowed = (interaction: Interaction): readonly number[] => {
  const answers = [Response.ChannelMessageWithSource, Response.DeferredChannelMessageWithSource]
  const updates = isComponent(interaction) ? [Response.DeferredMessageUpdate, Response.UpdateMessage] : []
  switch (interaction.type) {
    case InteractionType.ApplicationCommandAutocomplete:
      return [Response.ApplicationCommandAutocompleteResult]
    case InteractionType.ModalSubmit:
      return [...answers, ...updates]
    default:
      return [...answers, ...updates, Response.Modal]
  }
}

const acknowledged = ({ state }: Interaction): boolean => state !== 'waiting'

const callback = (call: Call): unknown => {
  const { world, params } = call
  const interaction = world.interactions.get(params.token ?? '')
  if (interaction === undefined || interaction.id !== params.id) throw unknownInteraction()
  if (acknowledged(interaction)) throw alreadyAcknowledged()
  if (overdue(world, interaction)) throw unknownInteraction()
  const { type, data = {} } = call.body as CallbackBody
  if (!allowed(interaction).includes(type)) {
    const findings = openFindings()
    findings.add(['type'], 'BASE_TYPE_CHOICES', 'Value must be one that this interaction may have.')
    findings.check()
  }
  answer(call, interaction, type, data)
  world.activity.tell({ kind: 'callback', interaction: interaction.id, type })
  if (call.query.get('with_response') !== 'true') return undefined
  const message = interaction.original?.message
  return {
    interaction: {
      id: interaction.id,
      type: interaction.type,
      ...(message === undefined
        ? {}
        : {
            response_message_id: message.id,
            response_message_loading: interaction.state === 'deferred',
            response_message_ephemeral: interaction.original?.visibleTo !== null,
          }),
    },
    resource: { type, ...(message === undefined ? {} : { message }) },
  }
}

const answer = (
  { world, files }: Call,
  interaction: Interaction,
  type: number,
  data: NonNullable<CallbackBody['data']>,
): void => {
  switch (type) {
    case Response.ChannelMessageWithSource:
      interaction.original = say(world, interaction, data, files)
      break
    case Response.DeferredChannelMessageWithSource:
      interaction.original = say(world, interaction, data, [], true)
      interaction.state = 'deferred'
      return
    case Response.DeferredMessageUpdate:
      interaction.original = interaction.source
      interaction.state = 'deferred'
      return
    case Response.UpdateMessage:
      if (interaction.source!.deleted) throw unknownMessage()
      edit(world, interaction.source!, data, files)
      interaction.original = interaction.source
      break
    case Response.ApplicationCommandAutocompleteResult:
      checkChoices(data.choices ?? [])
      interaction.choices = data.choices ?? []
      break
    case Response.Modal:
      checkModal(data as ModalBody)
      interaction.modal = {
        ...(data as ModalBody),
        components: numbered(data.components as ModalBody['components']),
      }
  }
  finish(world, interaction)
}

const say = (
  world: World,
  interaction: Interaction,
  body: MessageBody,
  files: Call['files'],
  loading = false,
): StoredMessage =>
  post(world, interaction.channel, {
    author: world.bot.id,
    body,
    files,
    loading,
    viaWebhook: true,
    interaction: interaction.metadata,
    visibleTo: ((body.flags ?? 0) & MessageFlags.Ephemeral) === 0 ? null : interaction.person,
  })

/** The interaction behind a webhook token that may still be used. */
const interactionOf = ({ world, params }: Call): Interaction => {
  const interaction = world.interactions.get(params.token ?? '')
  if (interaction === undefined || params.id !== world.applicationId) throw unknownWebhook()
  if (tokenExpired(world, interaction)) throw expiredWebhookToken()
  if (!acknowledged(interaction)) throw unknownWebhook()
  return interaction
}

const messageOf = (call: Call): { interaction: Interaction; stored: StoredMessage } => {
  const interaction = interactionOf(call)
  const id = call.params.message ?? ''
  const stored = id === '@original' ? interaction.original : call.world.messages.get(id)
  if (stored == null || stored.deleted || stored.message.author.id !== call.world.bot.id)
    throw unknownMessage()
  return { interaction, stored }
}

const followUp = (call: Call): unknown => {
  const { world, files } = call
  const interaction = interactionOf(call)
  const body = call.body as MessageBody
  const { original } = interaction
  // As in the real one: after a deferral the first follow-up fills the message that is still loading.
  const loading = ((original?.message.flags ?? 0) & MessageFlags.Loading) !== 0
  if (original !== null && loading) edit(world, original, body, files)
  const stored = original !== null && loading ? original : say(world, interaction, body, files)
  finish(world, interaction)
  return stored.message
}

const change = (call: Call): unknown => {
  const { interaction, stored } = messageOf(call)
  edit(call.world, stored, call.body as MessageBody, call.files)
  finish(call.world, interaction)
  return stored.message
}

export const interactionRoutes: readonly Route[] = [
  route('POST /interactions/:id/:token/callback', callback, false),
  route('POST /webhooks/:id/:token', followUp, false),
  route('GET /webhooks/:id/:token/messages/:message', call => messageOf(call).stored.message, false),
  route('PATCH /webhooks/:id/:token/messages/:message', change, false),
  route(
    'DELETE /webhooks/:id/:token/messages/:message',
    call => {
      const { interaction, stored } = messageOf(call)
      remove(call.world, stored)
      finish(call.world, interaction)
    },
    false,
  ),
]
