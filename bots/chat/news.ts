import { noticeNonce } from '../../tools/chats.ts'
import type { Caller } from '../../tools/context.ts'
import { call } from '../../tools/registry.ts'
import { noticeReply } from '../notices.ts'
import type { Session } from '../session.ts'
import { chatSentences, sessionFrom } from './session-json.ts'
import { shownOf } from './shown.ts'
import { compose, draftOf } from './view.ts'
import type { Workplace } from './workplace.ts'

/** Somebody on the platform, with an account. */
export interface Reader {
  readonly subject: string
  readonly accountId: string
}

/** Notices told to one person at one look; the rest follows at the next. */
const AT_ONCE = 5

/**
 * Tells a person what waits in the outbox for them, each notice once over all platforms, and marks it as told. What
 * cannot reach them stays for the surfaces that they come to. Returns how many were told; throws faults of the platform.
 */
export const tellNews = async (place: Workplace, { subject, accountId }: Reader): Promise<number> => {
  const { bot, chats, platform } = place
  const list = bot.verb('notices')
  const acknowledge = bot.verb('acknowledge')
  if (list === undefined || acknowledge === undefined) return 0
  const caller: Caller = { role: 'member', accountId, surface: platform.name }
  const { notices } = (await call(bot.network, caller, list, {})) as {
    notices: { id: string; kind: string; facts: Record<string, unknown> }[]
  }
  if (notices.length === 0 || (await chats.isQuiet(platform.name, subject))) return 0
  const session = sessionFrom(null, bot, { caller, name: '', say: chatSentences([], false) })
  let told = 0
  for (const notice of notices.slice(0, AT_ONCE)) {
    if (!(await tell(place, session, subject, notice))) continue
    await call(bot.network, caller, acknowledge, { notices: [notice.id] })
    told++
  }
  return told
}

const tell = async (
  { chats, platform, log }: Workplace,
  session: Session,
  subject: string,
  notice: { id: string; kind: string; facts: Record<string, unknown> },
): Promise<boolean> => {
  const nonce = noticeNonce(notice.id)
  const tried = await chats.trying({
    nonce,
    platform: platform.name,
    place: platform.name === 'telegram' ? subject : `person:${subject}`,
  })
  if (tried.state === 'shown') return true
  if (tried.state === 'gone' || tried.platform !== platform.name) return false
  const { view } = compose(draftOf([noticeReply(session, notice)]), {
    nonce,
    subject,
    private: true,
    platform,
    say: session.say,
  })
  const outcome = await platform.post({ subject }, view, shownOf(tried, nonce))
  await chats.shown(nonce, outcome.kind === 'shown' ? outcome.message : null, outcome.kind)
  log.info('chat.notice', { platform: platform.name, notice: notice.id, outcome: outcome.kind })
  return outcome.kind === 'shown'
}
