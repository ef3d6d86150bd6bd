import { isFault } from '../infra/errors.ts'
import { withLease } from '../infra/leases.ts'
import { openCommunities } from './chats-communities.ts'
import { openContributed } from './chats-contributed.ts'
import { openShown } from './chats-shown.ts'
import { openUpdates } from './chats-updates.ts'
import type { Network } from './context.ts'

export { noticeNonce, type Span } from './chats-communities.ts'
export type { ContributedMessage } from './chats-contributed.ts'
export type { KeptButton, KeptCard, Tried, Trying } from './chats-shown.ts'
export type { Begun, Finished, NewUpdate, Verdict, WaitingUpdate } from './chats-updates.ts'

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

const fileMark = Buffer.from('chat file\0')

/** What chat platforms keep in the database. These are functions of the chat core, not verbs: no surface offers them. */
export type Chats = ReturnType<typeof openChats>

export const openChats = (network: Network) => {
  const { db, clock, blobs } = network
  return {
    ...openUpdates(network),
    ...openShown(network),
    ...openCommunities(network),
    ...openContributed(network),

    /**
     * Keeps a file that a person sent and returns its name in the store, 64 hex digits. Throws `disk-full` (retry).
     * A few bytes go before it: nobody can send what is a blob of something else, which would go when the file does.
     */
    putFile: (bytes: Uint8Array): Promise<string> => blobs.put(Buffer.concat([fileMark, bytes])),

    /** Notes whose file it is: nobody else can name it. */
    async ownFile(platform: string, subject: string, name: string, sha256: string): Promise<void> {
      await db.query(
        `insert into chat_files (platform, subject, name, sha256, at) values ($1, $2, $3, $4, $5)
         on conflict (platform, subject, name) do update set sha256 = excluded.sha256, at = excluded.at`,
        [platform, subject, name, sha256, clock.now()],
      )
    },

    /** The bytes of a file that this very person sent under that name; null without one. */
    async file(platform: string, subject: string, name: string): Promise<Uint8Array | null> {
      const [row] = await db.query<{ sha256: string }>(
        'select sha256 from chat_files where platform = $1 and subject = $2 and name = $3',
        [platform, subject, name],
      )
      return row === undefined ? null : (await blobs.get(row.sha256)).subarray(fileMark.length)
    },

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

    /** Erases what is kept of a person on a platform, for whoever erases their account. What waits is not answered any more. */
    async forget(platform: string, subject: string): Promise<void> {
      await db.tx(async tx => {
        const values = [platform, subject]
        await tx.query(
          'update chat_updates set payload = null, done_at = received_at where platform = $1 and subject = $2 and done_at is null',
          values,
        )
        for (const table of ['chat_sessions', 'chat_buttons', 'chat_files', 'chat_quiet'])
          await tx.query(`delete from ${table} where platform = $1 and subject = $2`, values)
        await tx.query('delete from chat_budgets where platform = $1 and scope = $2', [
          platform,
          `person:${subject}`,
        ])
        await tx.query(
          'update chat_shown set view = null where platform = $1 and nonce in (select nonce from chat_updates where platform = $1 and subject = $2)',
          values,
        )
      })
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
      const gone = await db.query<{ sha256: string }>(
        'delete from chat_files where at < $1 returning sha256',
        [before(keepDays.files)],
      )
      for (const { sha256 } of gone) {
        const [other] = await db.query('select 1 from chat_files where sha256 = $1', [sha256])
        if (other === undefined) await blobs.remove(sha256)
      }
    },
  }
}
