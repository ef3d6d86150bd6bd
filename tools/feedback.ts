import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** Keeps the asker's thumb on an answer; given again it replaces the first. */
export const feedback = verb({
  name: 'feedback',
  summary: 'Say whether an answer was good (1) or bad (-1).',
  who: ['member'],
  effect: 'write',
  input: z.object({
    answer: z.string(),
    thumb: z.coerce.number().pipe(z.union([z.literal(1), z.literal(-1)])),
  }),
  output: z.object({ answerId: z.string(), thumb: z.number() }),
  async run(context, input) {
    return context.commit(async tx => {
      const [answer] = await tx.query<{ id: string }>(
        `select id from answers where id::text = $1 and account_id = $2 and state = 'answered'`,
        [input.answer, context.caller.accountId],
      )
      if (answer === undefined)
        throw fault('answer-unknown', 'You have no such answer.', {
          fix: 'Give a thumb to an answer of your own.',
        })
      await tx.query(
        `insert into feedback (id, answer_id, account_id, thumb, given_at) values ($1, $2, $3, $4, $5)
         on conflict (answer_id, account_id) do update set thumb = excluded.thumb, given_at = excluded.given_at`,
        [
          idFrom('feedback', answer.id, context.caller.accountId ?? ''),
          answer.id,
          context.caller.accountId,
          input.thumb,
          context.clock.now(),
        ],
      )
      await record(context, tx, 'feedback.given', answer.id, { thumb: input.thumb })
      return { answerId: answer.id, thumb: input.thumb }
    })
  },
})
