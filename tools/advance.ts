import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/**
 * Moves the clock of the embedded network and its chain ahead together, so that polls and windows of minutes can be
 * walked through at once. Refused on any other chain: nobody moves real time.
 */
export const advance = verb({
  name: 'advance',
  summary: "Move the embedded network's clock ahead.",
  who: ['operator'],
  effect: 'write',
  input: z.object({
    seconds: z
      .number()
      .int()
      .min(1)
      .max(90 * 86_400),
  }),
  output: z.object({ now: z.string() }),
  async run(context, input) {
    if (!(await context.chain.status()).embedded)
      throw fault('clock-fixed', 'Time is only moved on the embedded network.', {
        fix: 'Wait.',
        blame: 'operator',
      })
    await context.chain.advance(input.seconds, context.key)
    return context.commit(async tx => {
      const [row] = await tx.query<{ value: number }>(
        `insert into settings (key, value) values ('clock-offset-ms', $1::jsonb)
         on conflict (key) do update set value = to_jsonb((settings.value)::bigint + $2::bigint) returning value`,
        [JSON.stringify(input.seconds * 1000), input.seconds * 1000],
      )
      const offsetMs = Number(row?.value ?? 0)
      tx.afterCommit(() => {
        context.clock.offsetMs = offsetMs
      })
      await record(context, tx, 'clock.advanced', 'clock', { seconds: input.seconds })
      for (const { id } of await tx.query<{ id: string }>(
        `select id from proposals where state in ('voting', 'gathering', 'tuning', 'evaluating')`,
      ))
        await addJob(context.queue, tx, 'lifecycle', { proposalId: id })
      for (const { number } of await tx.query<{ number: number }>(
        `select number from epochs where state <> 'active'`,
      ))
        await addJob(context.queue, tx, 'settlement', { epoch: number })
      return { now: new Date(Date.now() + offsetMs).toISOString() }
    })
  },
})
