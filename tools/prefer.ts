import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** Keeps which of two answers to their question the caller finds better; given again it replaces the first. Throws `alternative-unknown`. */
export const prefer = verb({
  name: 'prefer',
  summary: 'Say which of two answers to your question is better.',
  who: ['member'],
  effect: 'write',
  input: z.object({ answer: z.string(), choice: z.enum(['first', 'second', 'neither']) }),
  output: z.object({ answerId: z.string(), choice: z.enum(['first', 'second', 'neither']) }),
  async run(context, { answer, choice }) {
    return context.commit(async tx => {
      const [pair] = await tx.query<{ id: string }>(
        'select answer_id as id from alternatives where answer_id::text = $1 and account_id = $2',
        [answer.trim().toLowerCase(), context.caller.accountId],
      )
      if (pair === undefined)
        throw fault('alternative-unknown', 'There is no second answer to compare this one with.', {
          fix: 'Get one with /another, then say which is better.',
        })
      await tx.query(
        `insert into preferences (answer_id, account_id, choice, given_at) values ($1, $2, $3, $4)
         on conflict (answer_id) do update set choice = excluded.choice, given_at = excluded.given_at`,
        [pair.id, context.caller.accountId, choice, context.clock.now()],
      )
      await record(context, tx, 'preference.given', pair.id, { choice })
      return { answerId: pair.id, choice }
    })
  },
})
