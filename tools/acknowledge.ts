import { z } from 'zod'
import { verb } from './registry.ts'

/** Marks notices of the caller as told. A notice that was told and not acknowledged, because the surface died between, is told again. */
export const acknowledge = verb({
  name: 'acknowledge',
  summary: 'Mark notices as told.',
  who: ['member'],
  effect: 'write',
  input: z.object({ notices: z.array(z.uuid()).min(1).max(50) }),
  output: z.object({ acknowledged: z.number() }),
  async run(context, input) {
    return context.commit(async tx => {
      const told = await tx.query(
        'update outbox set sent_at = $3 where id = any($1::uuid[]) and account = $2 and sent_at is null returning id',
        [input.notices, context.caller.accountId, context.clock.now()],
      )
      return { acknowledged: told.length }
    })
  },
})
