import { isFault } from '../../infra/errors.ts'
import type { Caller } from '../../tools/context.ts'
import { call } from '../../tools/registry.ts'
import { faultsOf } from '../conversation.ts'
import { oneLine } from '../format.ts'
import type { Reply } from '../reply.ts'
import type { Sentences } from '../sentences.ts'
import type { Bot } from '../session.ts'
import type { Incoming } from './platform.ts'
import { sessionFrom } from './session-json.ts'

/** Characters of a name that the network keeps. */
const NAME = 60

/**
 * Opens the account of a person, or finds the one they have; null, with what to tell them, where that cannot be, and null
 * alone on a node without accounts. Throws faults of the database: try again.
 */
export const openAccount = async (
  bot: Bot,
  { person: { name, subject }, place: { platform } }: Incoming,
  key: string,
  say: Sentences,
): Promise<{ accountId: string | null; replies: Reply[] }> => {
  const verb = bot.verb('join')
  if (verb === undefined) return { accountId: null, replies: [] }
  const caller: Caller = { role: 'anyone', accountId: null, surface: platform }
  try {
    const input = { name: oneLine(name, NAME) || 'Somebody', platform, subject }
    const joined = await call(bot.network, caller, verb, input, { key: `${key}/join` })
    return { accountId: (joined as { accountId: string }).accountId, replies: [] }
  } catch (error) {
    if (isFault(error) && error.retry && error.code.startsWith('database')) throw error
    const session = sessionFrom(null, bot, { caller, name, say })
    return { accountId: null, replies: faultsOf(bot, session, error) }
  }
}
