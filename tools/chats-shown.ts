import type { Network } from './context.ts'

/** A button under a message: `act` is JSON of what pressing it does. */
export interface KeptButton {
  readonly id: string
  /** Whom it is for; null: anybody there. */
  readonly subject: string | null
  readonly act: unknown
}

/** A message that is about to be shown. */
export interface Trying {
  readonly nonce: string
  readonly platform: string
  /** A chat, or `person:<subject>`. */
  readonly place: string
}

/** What is known of a message from earlier tries; `others` are the bot's latest other messages at that place. */
export interface Tried {
  readonly fresh: boolean
  readonly message: string | null
  readonly state: 'trying' | 'shown' | 'gone'
  /** The platform that tried first: a notice is told on one only. */
  readonly platform: string
  readonly others: readonly string[]
}

/** A card that is shown again as what it shows moves. */
export interface KeptCard {
  readonly nonce: string
  readonly place: unknown
  readonly verb: string
  readonly input: unknown
  readonly hash: string
}

/** Messages of the bot whose ids a search for a lost one must not touch; a lost one is younger than these many. */
const OTHERS = 100

/** Messages that the bot shows, the buttons under them, and the cards among them. */
export const openShown = ({ db, clock }: Network) => ({
  /** Notes that a message is about to be shown, so that a try whose end nobody sees is known of. */
  async trying({ nonce, platform, place }: Trying): Promise<Tried> {
    const made = await db.query(
      `insert into chat_shown (nonce, platform, place, state, at) values ($1, $2, $3, 'trying', $4)
       on conflict (nonce) do nothing returning nonce`,
      [nonce, platform, place, clock.now()],
    )
    if (made.length > 0) return { fresh: true, message: null, state: 'trying', platform, others: [] }
    const rows = await db.query<Omit<Tried, 'fresh' | 'others'> & { nonce: string }>(
      `(select nonce, message, state, platform from chat_shown where nonce = $1) union all
       (select nonce, message, state, platform from chat_shown where platform = $2 and place = $3 and nonce <> $1 and message is not null
        order by at desc limit ${OTHERS})`,
      [nonce, platform, place],
    )
    const own = rows.find(row => row.nonce === nonce)
    return {
      fresh: false,
      message: own?.message ?? null,
      state: own?.state ?? 'trying',
      platform: own?.platform ?? platform,
      others: rows.flatMap(row => (row.nonce === nonce || row.message === null ? [] : [row.message])),
    }
  },

  /** Notes what became of a message. */
  async shown(nonce: string, message: string | null, state: 'shown' | 'gone'): Promise<void> {
    await db.query('update chat_shown set message = coalesce($2, message), state = $3 where nonce = $1', [
      nonce,
      message,
      state,
    ])
  },

  /** A message that was shown before, with the view that was kept for turning its pages; null where it is forgotten. */
  async view(nonce: string): Promise<{ message: string | null; view: unknown } | null> {
    const [row] = await db.query<{ message: string | null; view: unknown }>(
      'select message, view from chat_shown where nonce = $1',
      [nonce],
    )
    return row ?? null
  },

  /** Keeps the buttons of a message before it is shown; the same ids may be kept again with other acts. */
  async keepButtons(platform: string, nonce: string, buttons: readonly KeptButton[]): Promise<void> {
    if (buttons.length === 0) return
    await db.query(
      `insert into chat_buttons (id, platform, nonce, subject, act, made_at)
       select id, $1, $2, subject, act, $4 from jsonb_to_recordset($3::jsonb) as b(id text, subject text, act jsonb)
       on conflict (id) do update set act = excluded.act, subject = excluded.subject`,
      [platform, nonce, JSON.stringify(buttons), clock.now()],
    )
  },

  /** What a button does; null where it is too old or never was. */
  async button(platform: string, id: string): Promise<(KeptButton & { readonly nonce: string }) | null> {
    const [row] = await db.query<KeptButton & { nonce: string }>(
      'select id, nonce, subject, act from chat_buttons where id = $2 and platform = $1',
      [platform, id],
    )
    return row ?? null
  },

  /** Keeps a card, so that it is shown again as it moves; `seconds` null: without end. */
  async keepCard(platform: string, card: KeptCard, seconds: number | null): Promise<void> {
    const until = seconds === null ? null : new Date(clock.now().getTime() + seconds * 1000)
    await db.query(
      `insert into chat_cards (nonce, platform, place, verb, input, hash, until) values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (nonce) do update set hash = excluded.hash`,
      [
        card.nonce,
        platform,
        JSON.stringify(card.place),
        card.verb,
        JSON.stringify(card.input),
        card.hash,
        until,
      ],
    )
  },

  /** The cards that still move: threads' ones, and the `most` newest others. */
  cards(platform: string, most: number): Promise<(KeptCard & { readonly message: string })[]> {
    return db.query(
      `select * from (
         select c.nonce, c.place, c.verb, c.input, c.hash, s.message, row_number() over (partition by c.until is null order by s.at desc) as age, c.until
         from chat_cards c join chat_shown s on s.nonce = c.nonce
         where c.platform = $1 and s.state = 'shown' and s.message is not null and (c.until is null or c.until > $2)) c
       where until is null or age <= $3 order by nonce`,
      [platform, clock.now(), most],
    )
  },

  /** Forgets a card whose message cannot be shown any more; the message stays noted. */
  async dropCard(nonce: string): Promise<void> {
    await db.query('delete from chat_cards where nonce = $1', [nonce])
  },
})
