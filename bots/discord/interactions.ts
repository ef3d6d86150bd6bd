import { type REST, type InteractionResponseType as Response, Routes } from 'discord.js'
import { isFault } from '../../infra/errors.ts'
import type { Log } from '../../infra/log.ts'
import type { Incoming, View } from '../chat/platform.ts'
import {
  ACKNOWLEDGE_AFTER_MS,
  type Acknowledgements,
  type Interacting,
  type Promised,
} from './acknowledgements.ts'
import { interactionToAnswer } from './answer-to.ts'
import { codeOf } from './faults.ts'
import { type HeardInteraction, readInteraction } from './interaction.ts'
import { discordMarkup } from './markup.ts'
import { type Acting, type MeaningParts, meaningOf, type Refusal } from './meaning.ts'
import { messageBody } from './message-body.ts'
import { words } from './words.ts'

export interface InteractionParts extends MeaningParts {
  /** For requests by an interaction's token. */
  readonly tokens: REST
  readonly log: Log
  readonly acknowledgements: Acknowledgements
  /** Takes the promise of an answer back. Never throws. */
  dismiss(heard: Interacting, promised: Pick<Promised, 'update'>): Promise<void>
  applicationId(): string
  receive(incoming: Incoming): Promise<'new' | 'known'>
}

/** Answers what Discord tells of interactions: some at once, all others through the desk, acknowledged in time. */
export const openInteractions = (parts: InteractionParts) => {
  const { tokens, log, acknowledgements } = parts

  const respond = (heard: HeardInteraction, response: { type: Response; data: unknown }): Promise<unknown> =>
    tokens.post(Routes.interactionCallback(heard.id, heard.token), { body: response, auth: false })

  /** Tells what went wrong before the update was kept; what cannot be told is only noted. */
  const refuse = async (heard: HeardInteraction, block: Refusal): Promise<void> => {
    const view: View = { blocks: [block], buttons: [], private: true, final: true }
    const { body } = messageBody(view, discordMarkup, heard.id)
    await tokens
      .patch(Routes.webhookMessage(parts.applicationId(), heard.token, '@original'), { body, auth: false })
      .catch((error: unknown) => log.warn('discord.not-told', { interaction: heard.id, code: codeOf(error) }))
  }

  const keep = async (
    heard: HeardInteraction,
    meaning: Acting,
  ): Promise<Refusal | 'new' | 'silence' | null> => {
    const act = await meaning.act()
    if (act === null) return 'silence'
    if (act.kind === 'text') return act
    const { id, token, place, person, at } = heard
    const { hidden, update, pressed } = meaning
    const known = await parts.receive({
      key: id,
      order: id,
      place,
      person,
      at,
      act,
      answerTo: interactionToAnswer({ id, token, hidden, update, pressed }),
    })
    return known === 'new' ? 'new' : null
  }

  /** Stores first, so that nothing acknowledged is lost, but acknowledges in time whatever the database does. */
  const take = async (heard: HeardInteraction, meaning: Acting): Promise<void> => {
    // Told again while it is being taken, or after: the first time counts.
    if (!acknowledgements.expect(heard)) return
    const kept = keep(heard, meaning).catch((error: unknown): Refusal => {
      log.warn('discord.not-kept', { interaction: heard.id, code: isFault(error) ? error.code : 'unknown' })
      if (isFault(error, 'file-too-large')) return words.fileTooLarge(heard.fileBytes)
      return isFault(error, 'file-unfetched') ? words.fileUnfetched : words.notKept
    })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(done => {
      timer = setTimeout(done, ACKNOWLEDGE_AFTER_MS)
    })
    await Promise.race([kept, late])
    clearTimeout(timer)
    await acknowledgements.promise(heard, meaning)
    const result = await kept
    if (result === 'new') await meaning.after?.()
    else if (result === 'silence') await parts.dismiss(heard, meaning)
    else if (result !== null) await refuse(heard, result)
  }

  return async (raw: unknown): Promise<void> => {
    const heard = readInteraction(raw)
    if (heard === null) return log.warn('discord.malformed', { event: 'INTERACTION_CREATE' })
    if (heard.byBot) return
    const meaning = meaningOf(parts, heard)
    if (meaning === null) return log.warn('discord.interaction-unknown', { type: heard.data.type })
    if (meaning.kind === 'act') return take(heard, meaning)
    await respond(heard, meaning.response).catch((error: unknown) =>
      log.warn('discord.not-acknowledged', { interaction: heard.id, code: codeOf(error) }),
    )
  }
}
