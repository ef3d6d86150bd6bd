import { sha256Hex } from '../infra/canonical.ts'
import type { Network } from './context.ts'

/** One of the spans that a budget counts in. */
export interface Span {
  /** `person:<id>`, `community:<id>`, or another name for what is counted. */
  readonly scope: string
  readonly span: 'minute' | 'day'
}

/** Uses of a span, and the seconds until it begins anew. */
export interface Spent {
  readonly count: number
  readonly secondsLeft: number
}

/** Names the message that tells a notice, on whichever platform tells it. */
export const noticeNonce = (notice: string): string => `notice/${sha256Hex(notice).slice(0, 18)}`

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** The settings of communities, who is silenced or wants quiet, and what was used up of the budgets. */
export const openCommunities = ({ db, clock }: Network) => ({
  /** All communities of a platform that were set up. */
  communities(platform: string): Promise<{ community: string; settings: unknown; digest: unknown }[]> {
    return db.query(
      'select community, settings, digest from chat_communities where platform = $1 order by community',
      [platform],
    )
  },

  async setCommunity(platform: string, community: string, settings: unknown): Promise<void> {
    await db.query(
      `insert into chat_communities (platform, community, settings, at) values ($1, $2, $3, $4)
       on conflict (platform, community) do update set settings = excluded.settings, at = excluded.at`,
      [platform, community, JSON.stringify(settings), clock.now()],
    )
  },

  /** Keeps what a digest told. */
  async setDigest(platform: string, community: string, digest: unknown): Promise<void> {
    await db.query('update chat_communities set digest = $3 where platform = $1 and community = $2', [
      platform,
      community,
      JSON.stringify(digest),
    ])
  },

  /** Where a proposal's thread is in a community; null before it has one. */
  async thread(platform: string, community: string, proposal: string): Promise<unknown> {
    const [row] = await db.query<{ place: unknown }>(
      'select place from chat_threads where platform = $1 and community = $2 and proposal = $3',
      [platform, community, proposal],
    )
    return row?.place ?? null
  },

  async keepThread(platform: string, community: string, proposal: string, place: unknown): Promise<void> {
    await db.query(
      `insert into chat_threads (platform, community, proposal, place) values ($1, $2, $3, $4) on conflict do nothing`,
      [platform, community, proposal, JSON.stringify(place)],
    )
  },

  /** Silences a person in a community, or lets them speak again. */
  async mute(platform: string, community: string, subject: string, muted: boolean): Promise<void> {
    await db.query(
      muted
        ? 'insert into chat_muted (platform, community, subject) values ($1, $2, $3) on conflict do nothing'
        : 'delete from chat_muted where platform = $1 and community = $2 and subject = $3',
      [platform, community, subject],
    )
  },

  async isMuted(platform: string, community: string, subject: string): Promise<boolean> {
    return (
      (
        await db.query('select 1 from chat_muted where platform = $1 and community = $2 and subject = $3', [
          platform,
          community,
          subject,
        ])
      ).length > 0
    )
  },

  /** Turns the notices to a person off (`quiet`) or on. */
  async quiet(platform: string, subject: string, quiet: boolean): Promise<void> {
    await db.query(
      quiet
        ? 'insert into chat_quiet (platform, subject) values ($1, $2) on conflict do nothing'
        : 'delete from chat_quiet where platform = $1 and subject = $2',
      [platform, subject],
    )
  },

  async isQuiet(platform: string, subject: string): Promise<boolean> {
    return (
      (await db.query('select 1 from chat_quiet where platform = $1 and subject = $2', [platform, subject]))
        .length > 0
    )
  },

  /** People of a platform for whom notices wait that no chat has told or tried in vain; oldest notice first. */
  unnoticed(platform: string, most: number): Promise<{ subject: string; accountId: string }[]> {
    return db.query(
      `select i.subject, o.account as "accountId" from outbox o join identities i on i.account_id::text = o.account
       where i.platform = $1 and o.sent_at is null
         and not exists (select 1 from chat_quiet q where q.platform = i.platform and q.subject = i.subject)
         and not exists (select 1 from chat_shown s where s.nonce = 'notice/' || left(encode(sha256(convert_to(o.id::text, 'UTF8')), 'hex'), 18) and s.state = 'gone')
       group by i.subject, o.account order by min(o.created_at) limit $2`,
      [platform, most],
    )
  },

  /** Counts one use in each span and returns the counts, with the seconds until each begins anew. */
  async spend(platform: string, spans: readonly Span[]): Promise<Spent[]> {
    const now = clock.now()
    const counted = await db.query<Counted>(
      `insert into chat_budgets (platform, scope, span, began_at, count)
       select $1, scope, span, began_at, 1 from jsonb_to_recordset($2::jsonb) as b(scope text, span text, began_at timestamptz)
       on conflict (platform, scope, span, began_at) do update set count = chat_budgets.count + 1
       returning scope, span, count`,
      [platform, JSON.stringify(begun(spans, now))],
    )
    return spentOf(spans, counted, now)
  },

  /** What was used up of each span so far; counts nothing. */
  async spent(platform: string, spans: readonly Span[]): Promise<Spent[]> {
    const now = clock.now()
    const counted = await db.query<Counted>(
      `select scope, span, count from chat_budgets join jsonb_to_recordset($2::jsonb) as b(scope text, span text, began_at timestamptz)
         using (scope, span, began_at) where platform = $1`,
      [platform, JSON.stringify(begun(spans, now))],
    )
    return spentOf(spans, counted, now)
  },
})

type Counted = { scope: string; span: string; count: number }

const lengthOf = ({ span }: Span): number => (span === 'minute' ? MINUTE_MS : DAY_MS)

const begun = (spans: readonly Span[], now: Date) =>
  spans.map(each => ({
    ...each,
    began_at: new Date(now.getTime() - (now.getTime() % lengthOf(each))).toISOString(),
  }))

const spentOf = (spans: readonly Span[], counted: readonly Counted[], now: Date): Spent[] =>
  spans.map(each => {
    const { scope, span } = each
    const length = lengthOf(each)
    const count = counted.find(row => row.scope === scope && row.span === span)?.count ?? 0
    return { count, secondsLeft: Math.ceil((length - (now.getTime() % length)) / 1000) }
  })
