import { randomBytes } from 'node:crypto'
import { fault } from '../infra/errors.ts'
import type { Network } from './context.ts'

/** What a person did on a platform, before it is kept. `payload` is JSON. */
export interface NewUpdate {
  /** The platform's id of it: told twice, it is kept once. */
  readonly key: string
  readonly chat: string
  readonly subject: string
  readonly payload: unknown
}

/** An update that waits for its answer. `nonce` names the message that will answer it. */
export interface WaitingUpdate extends NewUpdate {
  readonly seq: bigint
  readonly nonce: string
}

/** What the budgets said of an update, once and for all. */
export type Verdict = 'admitted' | 'warned' | 'silenced'

/** What answering an update needs to know. */
export interface Begun {
  /** How often answering it was begun, this time included. */
  readonly attempts: number
  readonly verdict: Verdict | null
  /** The conversation that was asked for; null where there is none yet. */
  readonly session: unknown
  /** The account linked to the person; null before the first. */
  readonly accountId: string | null
  /** The settings of the community around it; null without. */
  readonly community: unknown
  /** Whether the community's admins silenced the person. */
  readonly muted: boolean
}

/** What becomes of a person's conversation in a chat. */
export interface KeptConversation {
  /** Its chat, or `person:<subject>` for all that is private with one person. */
  readonly chat: string
  /** JSON; null: the conversation is forgotten. */
  readonly session: unknown
  /** Only the open question of the session; the rest of a conversation that is known already stays. */
  readonly pendingOnly?: true
}

/** How an update ended: what is kept of conversations, and of the message that answered it. */
export interface Finished {
  /** Conversations not named here stay as they are. */
  readonly sessions: readonly KeptConversation[]
  readonly message: string | null
  readonly state: 'shown' | 'gone' | null
  /** What the message shows, kept where pages of it can be turned. */
  readonly view: unknown
}

const json = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)

/** The updates of chat platforms, in the order in which they were told. */
export const openUpdates = ({ db, clock }: Network) => ({
  /** Keeps updates in their order; for each, whether it is new. Throws `disk-full`, `database-gone` (retry: all of them). */
  async receive(platform: string, updates: readonly NewUpdate[]): Promise<boolean[]> {
    const rows = updates.map((update, position) => ({ ...update, position, nonce: newNonce() }))
    const kept = await db.query<{ key: string }>(
      `insert into chat_updates (platform, key, chat, subject, nonce, payload, received_at)
       select $1, key, chat, subject, nonce, payload, $3
       from jsonb_to_recordset($2::jsonb) as told(position int, key text, chat text, subject text, nonce text, payload jsonb)
       order by position on conflict (platform, key) do nothing returning key`,
      [platform, JSON.stringify(rows), clock.now()],
    )
    const fresh = new Set(kept.map(({ key }) => key))
    // Twice in one list: the first of them is the new one.
    return updates.map(({ key }) => fresh.delete(key))
  },

  /**
   * The oldest updates that wait, at most `each` of one person in one chat and `eachChat` of one chat, without those numbered
   * in `except` and none of `fullChats`.
   */
  waiting(
    platform: string,
    {
      except,
      each,
      most,
      eachChat = most,
      fullChats = [],
    }: {
      except: readonly bigint[]
      each: number
      most: number
      eachChat?: number
      fullChats?: readonly string[]
    },
  ): Promise<WaitingUpdate[]> {
    return db.query<WaitingUpdate>(
      // Payloads are read once the few are chosen: sorting them with all that waits took five times as long.
      `select u.seq, u.key, u.chat, u.subject, u.nonce, u.payload from (
         select seq, row_number() over (partition by chat, subject order by seq) as place,
           row_number() over (partition by chat order by seq) as chat_place
         from chat_updates
         where platform = $1 and done_at is null and seq <> all($2::bigint[]) and chat <> all($6::text[])) w
       join chat_updates u on u.seq = w.seq where w.place <= $3 and w.chat_place <= $5 order by u.seq limit $4`,
      [platform, except.map(String), each, most, eachChat, fullChats],
    )
  },

  /** Notes that an update is being answered and reads what that needs; null where it was answered meanwhile. */
  async begin(
    update: WaitingUpdate,
    { community, conversation }: { community: string | null; conversation: string },
  ): Promise<Begun | null> {
    const [begun] = await db.query<Begun>(
      `with begun as (
         update chat_updates set attempts = attempts + 1 where seq = $1 and done_at is null
         returning platform, chat, subject, attempts, verdict)
       select b.attempts, b.verdict, s.session, i.account_id::text as "accountId", c.settings as community, m.subject is not null as muted
       from begun b
         left join chat_sessions s on (s.platform, s.chat, s.subject) = (b.platform, $3, b.subject)
         left join identities i on (i.platform, i.subject) = (b.platform, b.subject)
         left join chat_communities c on (c.platform, c.community) = (b.platform, $2::text)
         left join chat_muted m on (m.platform, m.community, m.subject) = (b.platform, $2::text, b.subject)`,
      [update.seq, community, conversation],
    )
    return begun ?? null
  },

  /** Keeps what the budgets said, so that a second try of the answer does not ask them again. */
  async judge(update: WaitingUpdate, verdict: Verdict): Promise<void> {
    await db.query('update chat_updates set verdict = $2 where seq = $1', [update.seq, verdict])
  },

  /**
   * Ends an update in one statement: conversations are kept, the message noted, and what the person did is erased.
   * Throws `update-overtaken` where another process ended it; nothing is kept then.
   */
  async finish(update: WaitingUpdate, { sessions, message, state, view }: Finished): Promise<void> {
    const done = await db.query(
      `with done as (
         update chat_updates set payload = null, done_at = $2 where seq = $1 and done_at is null
         returning platform, chat, subject, nonce),
       told as (
         select done.platform, done.subject, t.chat, nullif(t.session, 'null') as session, t."pendingOnly" is true as pending_only
         from done, jsonb_to_recordset($3::jsonb) as t(chat text, session jsonb, "pendingOnly" boolean)),
       forgotten as (
         delete from chat_sessions s using told t
         where (s.platform, s.chat, s.subject) = (t.platform, t.chat, t.subject) and t.session is null),
       kept as (
         insert into chat_sessions (platform, chat, subject, session, at)
         select t.platform, t.chat, t.subject,
           case when t.pending_only and s.session is not null
             then s.session || jsonb_build_object('pending', t.session->'pending') else t.session end, $2
         from told t left join chat_sessions s on (s.platform, s.chat, s.subject) = (t.platform, t.chat, t.subject)
         where t.session is not null
         on conflict (platform, chat, subject) do update set session = excluded.session, at = excluded.at),
       noted as (
         update chat_shown set message = coalesce($4, message), state = coalesce($5, state), view = $6::jsonb
         from done where chat_shown.nonce = done.nonce)
       select nonce from done`,
      [update.seq, clock.now(), JSON.stringify(sessions), message, state, json(view)],
    )
    if (done.length === 0)
      throw fault('update-overtaken', 'Another process answered this update.', {
        fix: 'Leave it.',
        facts: { seq: String(update.seq) },
        blame: 'ours',
      })
  },
})

/** A name for a message: 12 random bytes, 16 characters. */
export const newNonce = (): string => randomBytes(12).toString('base64url')
