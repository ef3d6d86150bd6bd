import { isFault } from '../infra/errors.ts'
import { withLease } from '../infra/leases.ts'
import { openCommunities } from './chats-communities.ts'
import { openContributed } from './chats-contributed.ts'
import { forgetFiles, openFiles, sweepFiles } from './chats-files.ts'
import { openShown } from './chats-shown.ts'
import { openUpdates } from './chats-updates.ts'
import type { Network } from './context.ts'

export { noticeNonce, type Span, type Spent } from './chats-communities.ts'
export type { ContributedMessage } from './chats-contributed.ts'
export type { FileOwner } from './chats-files.ts'
export type { KeptButton, KeptCard, Tried, Trying } from './chats-shown.ts'
export type { Begun, Finished, KeptConversation, NewUpdate, Verdict, WaitingUpdate } from './chats-updates.ts'

/** Days that things are kept after their last use. */
export const keepDays = {
  /** Platforms tell an update again for a day at most; a week leaves room for an outage. */
  updates: 7,
  /** Buttons, and the views behind their pages: what is older says that it expired. */
  buttons: 30,
  /** Conversations: a guided proposal goes on after a long holiday. */
  sessions: 90,
  files: 30,
  budgets: 2,
} as const

/** Seconds after which another process may lead when the leader has died. */
const LEASE_SECONDS = 15

/** What chat platforms keep in the database. These are functions of the chat core, not verbs: no surface offers them. */
export type Chats = ReturnType<typeof openChats>

export const openChats = (network: Network) => {
  const { db, clock } = network
  return {
    ...openUpdates(network),
    ...openShown(network),
    ...openCommunities(network),
    ...openContributed(network),
    ...openFiles(network),

    /**
     * Works for as long as this process leads: of all with the same token, one. False where another one leads.
     * The signal aborts when the lead was lost; end the work then.
     */
    async lead(
      platform: string,
      tokenHash: string,
      work: (lost: AbortSignal) => Promise<void>,
    ): Promise<boolean> {
      const name = `chat/${platform}/${tokenHash}`
      try {
        await withLease(db, clock, name, LEASE_SECONDS, work)
        return true
      } catch (error) {
        if (isFault(error, 'lease-held') && error.facts.name === name) return false
        throw error
      }
    },

    /** Removes what has been kept long enough; see `keepDays`. Files' bytes go once nobody's file has them. */
    async clean(): Promise<void> {
      const before = (days: number) => new Date(clock.now().getTime() - days * 86_400_000)
      await db.query('delete from chat_updates where done_at < $1', [before(keepDays.updates)])
      // Whose contribution a message is, is kept for as long as the message may be deleted.
      await db.query(`delete from chat_buttons where made_at < $1 and not starts_with(id, 'message/')`, [
        before(keepDays.buttons),
      ])
      await db.query(
        'delete from chat_shown s where at < $1 and not exists (select 1 from chat_cards c where c.nonce = s.nonce and c.until is null)',
        [before(keepDays.buttons)],
      )
      await db.query('delete from chat_sessions where at < $1', [before(keepDays.sessions)])
      await db.query('delete from chat_budgets where began_at < $1', [before(keepDays.budgets)])
      await forgetFiles(db, 'at < $1', [before(keepDays.files)])
      await sweepFiles(network)
    },
  }
}
