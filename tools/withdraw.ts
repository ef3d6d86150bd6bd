import { z } from 'zod'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { forgetIndexes } from './attribution-index.ts'
import type { Context, Network } from './context.ts'
import { forgetDatanet } from './datanet.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/**
 * Takes back rows of the caller's: one by its id, or all that they gave to a model by its name. Text and salt are erased
 * at once, the hash stays so that roots still verify. Models already tuned on them are named in the result; retraining
 * without them is not done here.
 */
export const withdraw = verb({
  name: 'withdraw',
  summary: 'Take back one of your contributions, or all for a model; the text is erased.',
  who: ['member'],
  effect: 'vote',
  input: z.object({
    contribution: z
      .string()
      .trim()
      .toLowerCase()
      .describe('the id of a row, or the name of a model for all your rows there'),
  }),
  output: z.object({
    /** The first of them; the only one where a row was named. */
    contributionId: z.string(),
    rows: z.number(),
    models: z.array(z.string()),
  }),
  async run(context, input) {
    const result = await context.commit(async tx => {
      const gone = await withdrawRows(context, tx, context.caller.accountId ?? '', input.contribution)
      const [first] = gone.rows
      if (first === undefined)
        throw fault('contribution-unknown', 'You have no such contribution.', {
          fix: 'Withdraw a row of your own; /submission lists them.',
        })
      return { contributionId: first, rows: gone.rows.length, models: gone.models }
    })
    await forgetTunedOn(context, context.caller.accountId ?? '', input.contribution)
    return result
  },
})

/** Erases the rows of an account, all or those that a row's id or a model's name says, each with an event of its own. */
export const withdrawRows = async (
  context: Context,
  tx: Db,
  accountId: string,
  which: string | null,
): Promise<{ rows: string[]; models: string[] }> => {
  const rows = await tx.query<{ id: string; proposal_id: string }>(
    `update contributions set question = null, answer = null, salt = null, embedding = null, embedding_of = null, state = 'withdrawn'
     where account_id = $1 and state <> 'withdrawn'
       and (($2::text is null and question is not null) or id::text = $2 or proposal_id = (select id from proposals where name = $2))
     returning id, proposal_id`,
    [accountId, which],
  )
  const ids = rows.map(({ id }) => id)
  const models = await tx.query<{ model: string }>(
    `select distinct p.name || '@' || r.version as model from snapshot_rows s join releases r on r.snapshot_id = s.snapshot_id
     join proposals p on p.id = r.proposal_id where s.contribution_id = any($1::uuid[]) order by 1`,
    [ids],
  )
  for (const id of ids) await record(context, tx, 'contribution.withdrawn', id, {})
  for (const proposal of new Set(rows.map(row => row.proposal_id)))
    tx.afterCommit(() => forgetDatanet(context, proposal))
  return { rows: ids, models: models.map(({ model }) => model) }
}

/** Forgets the attribution indexes that were built with withdrawn rows of an account; they hold the rows' tokens. */
export const forgetTunedOn = async (
  network: Network,
  accountId: string,
  which: string | null,
): Promise<void> => {
  const adapters = await network.db.query<{ hash: string }>(
    `select distinct r.adapter_hash as hash from contributions c join snapshot_rows s on s.contribution_id = c.id
     join releases r on r.snapshot_id = s.snapshot_id where c.account_id = $1 and c.state = 'withdrawn'
       and ($2::text is null or c.id::text = $2 or c.proposal_id = (select id from proposals where name = $2))`,
    [accountId, which],
  )
  await forgetIndexes(
    network,
    adapters.map(({ hash }) => hash),
  )
}
