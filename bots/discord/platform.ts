import { type APIMessage, MessageFlags, type REST, Routes } from 'discord.js'
import type { Incoming, Outcome, Platform, Shown, View } from '../chat/platform.ts'
import type { Acknowledgements, Interacting, Promised } from './acknowledgements.ts'
import { type InteractionToAnswer, interactionOf } from './answer-to.ts'
import { codeOf, codes, discordFault, isGone, tokenIsDead } from './faults.ts'
import { discordMarkup } from './markup.ts'
import { type MessageBody, messageBody, PAGE_LENGTH } from './message-body.ts'
import { type Messages, refusesPrivate } from './messages.ts'
import { openServers } from './servers.ts'
import { type Spot, spotOf, spotText } from './spots.ts'
import { openThreads } from './threads.ts'
import { words } from './words.ts'

/** Discord lets a channel have five edits in five seconds. */
const EDIT_MS = 1_100

export interface PlatformParts {
  readonly rest: REST
  /** For requests by an interaction's token. */
  readonly tokens: REST
  readonly acknowledgements: Acknowledgements
  readonly messages: Messages
  /** Takes the promise of an answer back. Never throws. */
  dismiss(to: Interacting, promised: Pick<Promised, 'update'>): Promise<void>
  applicationId(): string
}

interface Answering {
  readonly incoming: Incoming
  readonly view: View
  readonly shown: Shown
  readonly sent: MessageBody
  readonly before: Spot | null
}

/** Shows views on Discord: as the answer to an interaction while its token lives, as messages of the bot otherwise. */
export const openPlatform = ({
  rest,
  tokens,
  acknowledgements,
  messages,
  dismiss,
  applicationId,
}: PlatformParts): Platform => {
  const threads = openThreads(rest, messages)
  const servers = openServers(rest)

  const patchByToken = async (token: string, id: string, { body, files }: MessageBody): Promise<APIMessage> =>
    (await tokens.patch(Routes.webhookMessage(applicationId(), token, id), {
      body,
      files,
      auth: false,
    })) as APIMessage

  /** A message of its own that only the person sees, while the token lives. */
  const followUp = async (
    { token }: InteractionToAnswer,
    { before, sent: { body, files } }: Answering,
  ): Promise<Outcome> => {
    if (before?.kind === 'hidden') {
      await patchByToken(token, before.id, { body, files })
      return { kind: 'shown', message: spotText(before) }
    }
    const hidden = { ...body, flags: body.flags | MessageFlags.Ephemeral }
    const { id } = (await tokens.post(Routes.webhook(applicationId(), token), {
      body: hidden,
      files,
      auth: false,
    })) as APIMessage
    return { kind: 'shown', message: spotText({ kind: 'hidden', id }) }
  }

  /** An answer for one person where one for everybody was promised: the promise is taken back. */
  const aside = async (to: InteractionToAnswer, answering: Answering): Promise<Outcome> => {
    if (answering.before !== null) return followUp(to, answering)
    const original = Routes.webhookMessage(applicationId(), to.token, '@original')
    const unlessDeleted = (error: unknown): void => {
      if (codeOf(error) !== codes.unknownMessage) throw error
    }
    // While the promise is still loading the next message takes its place, and everybody would see it.
    const view: View = { blocks: [], buttons: [], private: false, final: true }
    await patchByToken(to.token, '@original', messageBody(view, discordMarkup, to.id)).catch(unlessDeleted)
    const outcome = await followUp(to, answering)
    await tokens.delete(original, { auth: false }).catch(unlessDeleted)
    return outcome
  }

  const byToken = async (to: InteractionToAnswer, answering: Answering): Promise<Outcome> => {
    const { before, sent, view, shown } = answering
    if (to.update) {
      // What was pressed on stays, unless it is the very message to show.
      if (before === null || before.id !== to.pressed) return followUp(to, answering)
      await patchByToken(to.token, '@original', sent)
      return { kind: 'shown', message: shown.message ?? '' }
    }
    if (!to.hidden && (view.private || before?.kind === 'hidden')) return aside(to, answering)
    const { id, channel_id } = await patchByToken(to.token, '@original', sent)
    return {
      kind: 'shown',
      message: spotText(to.hidden ? { kind: 'hidden', id } : { kind: 'original', channel: channel_id, id }),
    }
  }

  /** The answer through the interaction; null where that is not possible any more, or never was. */
  const answerInteraction = async (answering: Answering): Promise<Outcome | null> => {
    const to = interactionOf(answering.incoming)
    if (to === null || (answering.before?.kind === 'posted' && !to.update)) return null
    if ((await acknowledgements.of(to.id)) === 'no') return null
    try {
      return await byToken(to, answering)
    } catch (error) {
      if (tokenIsDead(error)) return null
      throw error
    }
  }

  /** The answer as a message of the bot: in the chat, or in private where only the person may see it. */
  const answerByMessage = async ({ incoming, view, shown, sent, before }: Answering): Promise<Outcome> => {
    if (before !== null && before.kind !== 'hidden') {
      await messages.replace(before.channel, before.id, sent)
      return { kind: 'shown', message: shown.message ?? '' }
    }
    const { place, person, answerTo, order } = incoming
    const reply = { replyTo: answerTo.message, after: order }
    if (place.community === null || !(view.private || answerTo.hidden === 'yes'))
      return messages.send(place.chat, sent, shown, reply)
    try {
      return await messages.send(await messages.directChannel(person.subject), sent, shown)
    } catch (error) {
      if (!refusesPrivate(error) || answerTo.message === undefined) throw error
      const told: View = { blocks: [words.cannotWrite], buttons: [], private: false, final: true }
      return messages.send(place.chat, messageBody(told, discordMarkup, shown.nonce), shown, reply)
    }
  }

  const attempt = async (work: () => Promise<Outcome>): Promise<Outcome> => {
    try {
      return await work()
    } catch (error) {
      if (!isGone(error)) throw discordFault(error)
      return { kind: 'gone', reason: `discord-${error.code}` }
    }
  }

  return {
    name: 'discord',
    markup: discordMarkup,
    limit: PAGE_LENGTH,
    editMilliseconds: EDIT_MS,
    answer: (incoming, view, shown) =>
      attempt(async () => {
        const sent = messageBody(view, discordMarkup, shown.nonce)
        const answering = { incoming, view, shown, sent, before: spotOf(shown.message) }
        return (await answerInteraction(answering)) ?? answerByMessage(answering)
      }),
    post: (to, view, shown) =>
      attempt(async () => {
        const sent = messageBody(view, discordMarkup, shown.nonce)
        const before = spotOf(shown.message)
        // No token reaches it any more, and nobody else may see it.
        if (before?.kind === 'hidden') return { kind: 'gone', reason: 'hidden' }
        if (before !== null) {
          await messages.replace(before.channel, before.id, sent)
          return { kind: 'shown', message: shown.message ?? '' }
        }
        const channel = 'place' in to ? to.place.chat : await messages.directChannel(to.subject)
        return messages.send(channel, sent, shown)
      }),
    ...servers,
    // The answer to an interaction can be for one person alone.
    answersInPlace: incoming => interactionOf(incoming) !== null,
    async typing(incoming) {
      // An interaction says so by itself once it is deferred.
      if (interactionOf(incoming) === null) await rest.post(Routes.channelTyping(incoming.place.chat))
    },
    async dismiss(incoming) {
      const to = interactionOf(incoming)
      if (to !== null) await dismiss(to, to)
    },
    async thread(place, name) {
      try {
        return await threads.open(place, name)
      } catch (error) {
        throw discordFault(error)
      }
    },
  }
}
