import { GrammyError, HttpError } from 'grammy'
import { fault, type TributaryError } from '../../infra/errors.ts'

/**
 * Why Telegram refused a call, as far as it matters here. `unknown`: the call may have taken effect, because its answer was lost;
 * `not-started`: the person never opened the chat with the bot, or blocked it.
 */
export type Refusal =
  | 'unknown'
  | 'not-started'
  | 'gone'
  | 'not-modified'
  | 'not-found'
  | 'not-editable'
  | 'has-no-text'
  | 'unparsable'
  | 'token'
  | 'conflict'
  | 'busy'
  | 'other'

// Telegram tells these apart by their descriptions only.
const descriptions: readonly (readonly [RegExp, Refusal])[] = [
  [/message is not modified/i, 'not-modified'],
  [/message to edit not found|MESSAGE_ID_INVALID/i, 'not-found'],
  [/there is no (text|caption) in the message to edit/i, 'has-no-text'],
  [/message can't be edited/i, 'not-editable'],
  [/can't parse entities|ENTITY_/i, 'unparsable'],
  [
    /chat not found|user not found|PEER_ID_INVALID|USER_IS_BLOCKED|USER_DEACTIVATED|CHAT_WRITE_FORBIDDEN|CHAT_RESTRICTED|not enough rights to send|have no rights to send|need administrator rights|group chat was (deactivated|deleted)|message thread not found|TOPIC_(CLOSED|DELETED|ID_INVALID)/i,
    'gone',
  ],
]

export const refusalOf = (error: unknown): Refusal => {
  if (!(error instanceof GrammyError)) return 'unknown'
  const { error_code: code, description } = error
  if (code >= 500) return 'unknown'
  if (code === 429) return 'busy'
  if (code === 401 || code === 404) return 'token'
  if (code === 409) return 'conflict'
  if (code === 403) return /initiate|blocked by the user/i.test(description) ? 'not-started' : 'gone'
  return descriptions.find(([pattern]) => pattern.test(description))?.[1] ?? 'other'
}

/** The chat that a group became, where that is why a call was refused. */
export const movedTo = (error: unknown): number | undefined =>
  error instanceof GrammyError ? error.parameters.migrate_to_chat_id : undefined

/** What Telegram said, without anything that somebody wrote: it quotes tags and addresses of the message. */
export const reasonOf = (error: unknown): string =>
  error instanceof GrammyError ? error.description.replace(/(["']).*\1/gs, '…').slice(0, 120) : codeOf(error)

const codeOf = (error: unknown): string => {
  const inner = error instanceof HttpError ? error.error : error
  const code: unknown = typeof inner === 'object' && inner !== null ? Reflect.get(inner, 'code') : undefined
  return typeof code === 'string' ? code : inner instanceof Error ? inner.name : 'unknown'
}

/**
 * A fault of this project for an error of a call. Its cause is left out on purpose: grammY's errors carry the whole message
 * that was sent, and the network's carry the address, in which the token stands.
 */
export const faultOfCall = (method: string, error: unknown): TributaryError => {
  const refusal = refusalOf(error)
  const facts = { method, reason: reasonOf(error) }
  if (refusal === 'token')
    return fault('telegram-token-refused', 'Telegram does not know the bot of this token.', {
      fix: 'Ask @BotFather for the token and set TELEGRAM_TOKEN.',
      blame: 'operator',
      facts,
    })
  if (refusal === 'unknown' || refusal === 'busy' || refusal === 'conflict')
    return fault('telegram-unreachable', 'Telegram cannot be reached at the moment.', {
      fix: 'Wait: it is tried again.',
      retry: true,
      blame: 'world',
      facts,
    })
  return fault('telegram-refused', `Telegram refused ${method}.`, {
    fix: 'Report this with the reason in the log.',
    blame: 'ours',
    facts,
  })
}
