import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { addJob } from './jobs.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { cumulativeLeaves, rewardsTree } from './rewards-tree.ts'

/** Funds the rewards contract with what the epoch owes and posts the cumulative root; the challenge window opens. */
export const post = verb({
  name: 'post',
  summary: "Post an epoch's payout root on chain.",
  who: ['treasurer'],
  effect: 'money',
  input: z.object({ epoch: z.number().int().min(1) }),
  output: z.object({ epoch: z.number(), root: z.string(), tx: z.string(), activeAfter: z.string() }),
  async run(context, input) {
    const [epoch] = await context.db.query<{ state: string; root: string | null; file_blob: string | null }>(
      'select state, root, file_blob from epochs where number = $1',
      [input.epoch],
    )
    if (epoch?.state !== 'computed' || epoch.root === null || epoch.file_blob === null)
      throw fault('epoch-not-computed', `Epoch ${input.epoch} has no pay table yet.`, {
        fix: 'Compute it first.',
        retry: true,
      })
    const leaves = await cumulativeLeaves(context.db, input.epoch)
    if (Buffer.from(rewardsTree(leaves).root).toString('hex') !== epoch.root)
      throw fault('root-differs', `The pay table of epoch ${input.epoch} no longer has its root.`, {
        fix: 'Stop and compare the database with its backup.',
        blame: 'operator',
      })
    const total = leaves.reduce((sum, leaf) => sum + leaf.cumulativeUnits, 0n)
    const [before] = await context.db.query<{ sum: bigint }>(
      'select coalesce(sum(units), 0)::bigint as sum from cumulative_payouts where epoch = $1',
      [input.epoch - 1],
    )
    const fresh = total - (before?.sum ?? 0n)
    if (fresh > 0n) await context.chain.fundRewards(`fund/${input.epoch}`, fresh)
    const { tx: hash } = await context.chain.postRewards(`post/${input.epoch}`, {
      root: `0x${epoch.root}`,
      fileHash: `0x${epoch.file_blob}`,
      epoch: input.epoch,
      totalUnits: total,
    })
    const activeAfter = new Date(context.clock.now().getTime() + context.chain.challengeWindowSeconds * 1000)
    return context.commit(async tx => {
      await tx.query(`update epochs set state = 'posted', tx = $2, active_after = $3 where number = $1`, [
        input.epoch,
        hash,
        activeAfter,
      ])
      await record(context, tx, 'epoch.posted', `epoch/${input.epoch}`, {
        root: epoch.root,
        totalUnits: total,
        tx: hash,
      })
      await addJob(context.queue, tx, 'settlement', { epoch: input.epoch })
      return { epoch: input.epoch, root: epoch.root ?? '', tx: hash, activeAfter: activeAfter.toISOString() }
    })
  },
})
