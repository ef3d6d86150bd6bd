import type { Network } from './context.ts'
import { notify } from './notify.ts'
import { call } from './registry.ts'
import { withdraw } from './withdraw.ts'

/** A message of a platform that somebody contributed, with the update that did it. */
export interface ContributedMessage {
  /** The contributor's id on the platform. */
  readonly subject: string
  /** The key of the update whose answer contributed it. */
  readonly update: string
  readonly message: string
}

/** Calls that one answer makes; the first of them contributes. */
const CALLS = 4

/** What is kept of the platforms' own messages that people contributed. */
export const openContributed = (network: Network) => {
  const { db, clock } = network
  const named = ({ message }: Pick<ContributedMessage, 'message'>): string => `message/${message}`
  return {
    /** Keeps whose contribution a message is, beside the buttons and without their expiry. */
    async keepContributed(platform: string, contributed: ContributedMessage): Promise<void> {
      await db.query(
        `insert into chat_buttons (id, platform, nonce, subject, act, made_at) values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing`,
        [
          `${named(contributed)}/${contributed.update}`,
          platform,
          named(contributed),
          contributed.subject,
          JSON.stringify(contributed),
          clock.now(),
        ],
      )
    },

    /** Everybody's contributions of a message. */
    async contributedOf(platform: string, message: string): Promise<ContributedMessage[]> {
      const kept = await db.query<{ act: ContributedMessage }>(
        'select act from chat_buttons where platform = $1 and nonce = $2 order by made_at, id',
        [platform, named({ message })],
      )
      return kept.map(({ act }) => act)
    },

    /**
     * Withdraws the rows of a message that was deleted, as those who gave them, and puts a notice of it into their outbox.
     * `not-yet`: the update that contributes them waits for its answer; try again. Throws what `withdraw` throws.
     */
    async takeBack(
      platform: string,
      { subject, update, message }: ContributedMessage,
    ): Promise<'taken' | 'nothing' | 'not-yet'> {
      // Before the rows: what is answered between the two reads is found by the second.
      const [done] = await db.query(
        'select from chat_updates where platform = $1 and key = $2 and done_at is not null',
        [platform, update],
      )
      const rows = await db.query<{ id: string; accountId: string; model: string }>(
        `select c.id::text, c.account_id::text as "accountId", p.name as model
         from identities i cross join generate_series(0, $4::int - 1) n
           cross join lateral unnest(array[i.account_id, i.home_id]) a(id)
           join calls k on k.key = concat_ws('/', a.id, 'contribute', $1::text, $3::text, n)
           cross join lateral jsonb_array_elements(k.output -> 'rows') r
           join contributions c on c.id::text = r ->> 'id' and c.state <> 'withdrawn'
           join proposals p on p.id = c.proposal_id
         where i.platform = $1 and i.subject = $2`,
        [platform, subject, update, CALLS],
      )
      const [first] = rows
      if (first === undefined) return done === undefined ? 'not-yet' : 'nothing'
      for (const { id, accountId } of rows) {
        const caller = { role: 'member', accountId, surface: platform } as const
        const key = `${platform}/deleted/${message}/${id}`
        await call(network, caller, withdraw, { contribution: id }, { key })
      }
      const facts = { model: first.model, rows: rows.length }
      await db.tx(tx => notify(network, tx, first.accountId, 'contribution.taken-back', facts))
      return 'taken'
    },
  }
}
