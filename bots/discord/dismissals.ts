import { type REST, Routes } from 'discord.js'
import type { Log } from '../../infra/log.ts'
import type { Acknowledgements, Interacting, Promised } from './acknowledgements.ts'
import { codeOf, codes, tokenIsDead } from './faults.ts'

/**
 * Opens the taking back of promised answers: the "thinking…" that nothing will ever replace goes. What was pressed on stays.
 * The returned function never throws.
 */
export const openDismissals =
  (parts: {
    readonly tokens: REST
    readonly acknowledgements: Acknowledgements
    readonly log: Log
    applicationId(): string
  }) =>
  async ({ id, token }: Interacting, { update }: Pick<Promised, 'update'>): Promise<void> => {
    if (update || (await parts.acknowledgements.of(id)) === 'no') return
    await parts.tokens
      .delete(Routes.webhookMessage(parts.applicationId(), token, '@original'), { auth: false })
      .catch((error: unknown) => {
        if (tokenIsDead(error) || codeOf(error) === codes.unknownMessage) return
        parts.log.warn('discord.not-dismissed', { interaction: id, code: codeOf(error) })
      })
  }
