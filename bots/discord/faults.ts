import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js'
import { fault, isFault, type TributaryError } from '../../infra/errors.ts'
import type { LogFacts } from '../../infra/log.ts'

/** Discord's own codes that matter here. */
export const codes = {
  unknownChannel: 10003,
  unknownMessage: 10008,
  unknownWebhook: 10015,
  unknownInteraction: 10062,
  acknowledged: 40060,
  cannotSendToUser: 50007,
  invalidWebhookToken: 50027,
  threadExists: 160004,
} as const

export const codeOf = (error: unknown): number | null =>
  error instanceof DiscordAPIError ? Number(error.code) : null

/** Whether an interaction's token does not serve any more, or never did because nobody acknowledged it in time. */
export const tokenIsDead = (error: unknown): boolean => {
  const code = codeOf(error)
  return (
    code === codes.unknownWebhook || code === codes.unknownInteraction || code === codes.invalidWebhookToken
  )
}

/** Whether the person or place cannot be reached, so that trying again is of no use. */
export const isGone = (error: unknown): error is DiscordAPIError =>
  error instanceof DiscordAPIError && (error.status === 403 || error.status === 404)

/** A failed request as a fault: `discord-unreachable` (retry) or `discord-refused`, which is a mistake of this program. */
export const discordFault = (error: unknown): TributaryError => {
  if (isFault(error)) return error
  const refused =
    error instanceof DiscordAPIError && error.status >= 400 && error.status < 500 && error.status !== 429
  if (refused && error.status === 401)
    return fault('discord-token-refused', 'Discord refuses the token of the bot.', {
      fix: 'Put a valid token into DISCORD_TOKEN.',
      blame: 'operator',
    })
  if (refused)
    return fault('discord-refused', `Discord refused a request with code ${error.code}.`, {
      fix: 'Report this: the request was not made as Discord wants it.',
      facts: { code: Number(error.code), status: error.status },
      blame: 'ours',
    })
  return fault('discord-unreachable', 'Discord cannot be reached.', {
    fix: 'Check the connection; what waits is answered once Discord can be reached.',
    facts: {
      status: error instanceof HTTPError ? error.status : null,
      limited: error instanceof RateLimitError,
    },
    retry: true,
    blame: 'world',
    cause: error,
  })
}

/** What may be logged of an error: those of requests carry what was sent and the token in the address, so only their code. */
export const loggable = (error: unknown): LogFacts => {
  if (error instanceof DiscordAPIError || error instanceof HTTPError || error instanceof RateLimitError)
    return { kind: error.name, code: codeOf(error) }
  return error instanceof Error ? { error } : { kind: typeof error }
}
