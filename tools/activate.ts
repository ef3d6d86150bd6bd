import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { windowPassed } from './inspect-epoch.ts'
import { notify } from './notify.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'

/** Marks an epoch payable once its root has outlived the challenge window on chain. */
export const activate = verb({
  name: 'activate',
  summary: 'Open the claims of an epoch whose challenge window has passed.',
  who: ['treasurer'],
  effect: 'write',
  input: z.object({ epoch: z.number().int().min(1) }),
  output: z.object({ epoch: z.number() }),
  async run(context, input) {
    const [epoch] = await context.db.query<{ root: string | null; state: string }>(
      'select root, state from epochs where number = $1',
      [input.epoch],
    )
    if (epoch?.state !== 'posted' || !(await windowPassed(context.chain, `0x${epoch.root}`)))
      throw fault('window-open', `The payouts of epoch ${input.epoch} can still be challenged.`, {
        fix: 'Wait until the window has passed.',
        retry: true,
      })
    return context.commit(async tx => {
      await tx.query(`update epochs set state = 'active' where number = $1`, [input.epoch])
      const payouts = await tx.query<{ account_id: string; units: bigint }>(
        'select account_id, sum(units)::bigint as units from payouts where epoch = $1 group by 1 order by 1',
        [input.epoch],
      )
      for (const payout of payouts)
        await notify(context, tx, payout.account_id, 'epoch.activated', {
          epoch: input.epoch,
          units: payout.units.toString(),
        })
      await record(context, tx, 'epoch.activated', `epoch/${input.epoch}`, { root: epoch.root })
      return { epoch: input.epoch }
    })
  },
})
