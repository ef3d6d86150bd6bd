import { call } from '../tools/registry.ts'
import { type Reply, text } from './reply.ts'
import type { Bot, Session } from './session.ts'

/**
 * Tells a session what waits in the outbox for its account, then marks it as told: a notice may be told twice where the
 * surface dies between the two, never lost. Returns how many were told.
 */
export const tellNotices = async (
  bot: Bot,
  session: Session,
  say: (reply: Reply) => void | Promise<void>,
): Promise<number> => {
  const list = bot.verb('notices')
  const acknowledge = bot.verb('acknowledge')
  if (list === undefined || acknowledge === undefined || session.caller.accountId === null) return 0
  const { notices } = (await call(bot.network, session.caller, list, {})) as {
    notices: { id: string; kind: string; facts: Record<string, unknown> }[]
  }
  for (const notice of notices) await say(noticeReply(session, notice))
  if (notices.length > 0)
    await call(bot.network, session.caller, acknowledge, { notices: notices.map(({ id }) => id) })
  return notices.length
}

/** What a notice says; a kind the catalogue does not know is named. */
export const noticeReply = (
  { say }: Session,
  { kind, facts }: { kind: string; facts: Readonly<Record<string, unknown>> },
): Reply => text(say.notices[kind]?.(facts) ?? say.notice(kind))
