import { z } from 'zod'
import type { Chain } from '../infra/chain.ts'
import { fault } from '../infra/errors.ts'
import { signedBalance } from '../infra/money.ts'
import { verb } from './registry.ts'

export const epochView = z.object({
  epoch: z.number(),
  state: z.enum(['open', 'closing', 'computed', 'posted', 'active']),
  /** Seconds since it was opened. */
  age: z.number(),
  /** Every earlier epoch is settled and active: its leaves are what this one's tree adds to. */
  earlierActive: z.boolean(),
  incomeUnits: z.string(),
  paidUnits: z.string(),
  commonsUnits: z.string(),
  otherUnits: z.string(),
  /** Null until the pay table is computed and posted. */
  root: z.string().nullable(),
  tx: z.string().nullable(),
  /** Answers given in this epoch that nobody has measured yet, or not since their release was calibrated. */
  unattributed: z.array(z.string()),
  /** Releases that earned in this epoch, of which no calibration was made or given up. */
  uncalibrated: z.array(z.string()),
  windowPassed: z.boolean(),
})
export type EpochView = z.infer<typeof epochView>

/** Reads where an epoch stands. */
export const inspectEpoch = verb({
  name: 'inspect-epoch',
  summary: 'Read where an epoch stands.',
  who: ['treasurer', 'operator'],
  effect: 'read',
  input: z.object({ epoch: z.number().int().min(1) }),
  output: epochView,
  async run(context, input) {
    const [epoch] = await context.db.query<{
      state: EpochView['state']
      opened_at: Date
      income: bigint
      paid: bigint
      commons: bigint
      other: bigint
      root: string | null
      tx: string | null
    }>(
      `select state, opened_at, income_units as income, paid_units as paid, commons_units as commons, other_units as other, root, tx
       from epochs where number = $1`,
      [input.epoch],
    )
    if (epoch === undefined)
      throw fault('epoch-unknown', `There is no epoch ${input.epoch}.`, {
        fix: 'Look at the epochs with /status.',
      })
    const unattributed = await context.db.query<{ id: string }>(
      `select a.id from answers a left join calibrations c on c.release_id = a.release_id
       where a.epoch = $1 and a.state = 'answered' and (a.attribution is null or (c.record_blob is not null and a.outcomes_blob is null))
       order by a.asked_at, a.id`,
      [input.epoch],
    )
    const uncalibrated = await context.db.query<{ id: string }>(
      `select distinct a.release_id as id from answers a left join calibrations c on c.release_id = a.release_id
       where a.epoch = $1 and a.state = 'answered' and c.release_id is null order by id`,
      [input.epoch],
    )
    const [earlier] = await context.db.query(
      `select number from epochs where number < $1 and state <> 'active' limit 1`,
      [input.epoch],
    )
    const settled = !['open', 'closing'].includes(epoch.state)
    const income = settled ? epoch.income : await signedBalance(context.db, `income:${input.epoch}`)
    return {
      epoch: input.epoch,
      state: epoch.state,
      age: (context.clock.now().getTime() - epoch.opened_at.getTime()) / 1000,
      earlierActive: earlier === undefined,
      incomeUnits: income.toString(),
      paidUnits: epoch.paid.toString(),
      commonsUnits: epoch.commons.toString(),
      otherUnits: epoch.other.toString(),
      root: epoch.root,
      tx: epoch.tx,
      unattributed: unattributed.map(row => row.id),
      uncalibrated: uncalibrated.map(row => row.id),
      windowPassed: epoch.state === 'posted' && (await windowPassed(context.chain, `0x${epoch.root}`)),
    }
  },
})

/** Whether a posted root may be claimed against now. */
export const windowPassed = async (chain: Chain, root: string): Promise<boolean> => {
  const { activeRoot, pending } = await chain.rewards()
  if (activeRoot === root) return true
  const { time } = await chain.status()
  return pending !== null && pending.root === root && !pending.disputed && pending.activeAt <= time
}
