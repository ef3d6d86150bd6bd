import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** Closes an epoch to new income and opens the next one in the same transaction. */
export const close = verb({
  name: 'close',
  summary: 'Close an epoch, so that it can be settled.',
  who: ['treasurer'],
  effect: 'write',
  input: z.object({ epoch: z.number().int().min(1) }),
  output: z.object({ epoch: z.number(), next: z.number() }),
  async run(context, input) {
    return context.commit(async tx => {
      const [closed] = await tx.query(
        `update epochs set state = 'closing', closed_at = $2 where number = $1 and state = 'open' returning number`,
        [input.epoch, context.clock.now()],
      )
      if (closed === undefined)
        throw fault('epoch-not-open', `Epoch ${input.epoch} is not open.`, { fix: 'Close the open epoch.' })
      await tx.query(`insert into epochs (number, state, opened_at) values ($1, 'open', $2)`, [
        input.epoch + 1,
        context.clock.now(),
      ])
      await record(context, tx, 'epoch.closed', `epoch/${input.epoch}`, { epoch: input.epoch })
      await addJob(context.queue, tx, 'settlement', { epoch: input.epoch })
      return { epoch: input.epoch, next: input.epoch + 1 }
    })
  },
})
