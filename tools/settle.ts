import { z } from 'zod'
import { canonicalJson } from '../infra/canonical.ts'
import type { Db } from '../infra/db.ts'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { balance, transfer } from '../infra/money.ts'
import { splitUnits } from '../infra/units.ts'
import { refund } from './ask.ts'
import type { Context } from './context.ts'
import { eraseSettledAnswers } from './erase-answers.ts'
import { findProposal } from './find.ts'
import { addJob } from './jobs.ts'
import { epochTables } from './payment.ts'
import { issueReceipt } from './receipt.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { cumulativeLeaves, type RewardLeaf, rewardsTree } from './rewards-tree.ts'
import { unitsText } from './terms.ts'

/** Where one unit of income went. */
interface Payout {
  readonly account: string
  readonly kind: 'contributor' | 'proposer' | 'compute'
  readonly units: bigint
  /** Whether what it rests on was measured without error bars. */
  readonly provisional: boolean
}

interface Division {
  payouts: Payout[]
  commons: { proposal: string; units: bigint }[]
  protocol: bigint
}

/**
 * Divides a closed epoch's income: contributors by attribution, then proposer, compute, commons and protocol by the
 * datanet's split; whatever cannot be attributed goes to that datanet's commons. Conserved to the unit or refused.
 */
export const settle = verb({
  name: 'settle',
  summary: "Compute an epoch's payouts.",
  who: ['treasurer'],
  effect: 'money',
  input: z.object({ epoch: z.number().int().min(1) }),
  output: z.object({
    epoch: z.number(),
    incomeUnits: unitsText,
    paidUnits: unitsText,
    commonsUnits: unitsText,
    otherUnits: unitsText,
    root: z.string().nullable(),
  }),
  async run(context, input) {
    const [epoch] = await context.db.query<{ state: string }>('select state from epochs where number = $1', [
      input.epoch,
    ])
    if (epoch?.state !== 'closing')
      throw fault('epoch-not-closing', `Epoch ${input.epoch} is not waiting to be computed.`, {
        fix: 'Close it first.',
      })
    await refundUnanswered(context, input.epoch)
    const income = await balance(context.db, `income:${input.epoch}`)
    const division = await divide(context, input.epoch)
    const paid = sum(division.payouts.filter(item => item.kind === 'contributor'))
    const commons = sum(division.commons)
    const other = income - paid - commons
    const spread = sum(division.payouts) + commons + division.protocol
    if (spread !== income || other < 0n)
      throw fault('not-conserved', `Epoch ${input.epoch} would pay ${spread} of ${income} units.`, {
        fix: 'Nothing was paid; report this.',
        blame: 'ours',
      })
    return context.commit(async tx => {
      await book(context, tx, input.epoch, division)
      const root = await fileTree(context, tx, input.epoch)
      await tx.query(
        `update epochs set state = $2, income_units = $3, paid_units = $4, commons_units = $5, other_units = $6, root = $7, file_blob = $8 where number = $1`,
        [
          input.epoch,
          root === null ? 'active' : 'computed',
          income,
          paid,
          commons,
          other,
          root?.root ?? null,
          root?.file ?? null,
        ],
      )
      const seq = await record(context, tx, 'epoch.computed', `epoch/${input.epoch}`, {
        income,
        paid,
        commons,
        other,
        root: root?.root ?? null,
        payouts: division.payouts.length,
      })
      await eraseSettledAnswers(tx)
      if (root !== null) await issuePayoutReceipts(context, tx, input.epoch, root, seq)
      await addJob(context.queue, tx, 'settlement', { epoch: input.epoch })
      return {
        epoch: input.epoch,
        incomeUnits: income.toString(),
        paidUnits: paid.toString(),
        commonsUnits: commons.toString(),
        otherUnits: other.toString(),
        root: root?.root ?? null,
      }
    })
  },
})

const sum = (parts: readonly { units: bigint }[]): bigint => parts.reduce((all, part) => all + part.units, 0n)

/** Questions that were paid and never answered are given back; the epoch is closed, so no new ones come. */
const refundUnanswered = async (context: Context, epoch: number): Promise<void> => {
  for (const { id } of await context.db.query<{ id: string }>(
    `select id from answers where epoch = $1 and state = 'paid'`,
    [epoch],
  ))
    await refund(context, id)
}

const divide = async (context: Context, epoch: number): Promise<Division> => {
  const result: Division = { payouts: [], commons: [], protocol: 0n }
  const [operator] = await context.db.query<{ id: string }>(
    `select id from accounts where role = 'operator' order by created_at limit 1`,
  )
  for (const { release, table } of await epochTables(context, epoch)) {
    const proposal = await findProposal(context.db, release.proposalId)
    const { split } = proposal.terms
    const [income] = await context.db.query<{ units: bigint }>(
      `select coalesce(sum(price_units), 0)::bigint as units from answers where epoch = $1 and release_id = $2 and state = 'answered'`,
      [epoch, release.id],
    )
    const [data, proposer, compute, reviewers, commons, protocol] = splitUnits(
      income?.units ?? 0n,
      [split.contributors, split.proposer, split.compute, split.reviewers, split.commons, split.protocol].map(
        BigInt,
      ),
    ) as readonly bigint[] as [bigint, bigint, bigint, bigint, bigint, bigint]
    for (const [account, units] of table.accounts)
      if (units > 0n)
        result.payouts.push({ account, kind: 'contributor', units, provisional: table.provisional })
    if (proposer > 0n)
      result.payouts.push({
        account: proposal.proposerId,
        kind: 'proposer',
        units: proposer,
        provisional: table.provisional,
      })
    if (compute > 0n && operator !== undefined)
      result.payouts.push({
        account: operator.id,
        kind: 'compute',
        units: compute,
        provisional: table.provisional,
      })
    // Reviewers are not paid yet, so their part is the commons'; so is everything that attribution left.
    result.commons.push({
      proposal: proposal.id,
      units: commons + reviewers + (data - table.paidUnits) + (operator === undefined ? compute : 0n),
    })
    result.protocol += protocol
  }
  return result
}

/** Moves the income out of the epoch's account, in the order of the division, and adds to everybody's cumulative total. */
const book = async (context: Context, tx: Db, epoch: number, division: Division): Promise<void> => {
  const from = `income:${epoch}`
  const at = context.clock.now()
  const moved = Map.groupBy(division.payouts, ({ kind, account }) => `${kind}/${account}`)
  for (const [name, parts] of moved) {
    const { kind, account } = parts[0] as Payout
    const units = sum(parts)
    await transfer(tx, {
      key: `payout/${epoch}/${name}`,
      from,
      to: `owed:${account}`,
      units,
      reason: `${kind} share`,
      at,
    })
    await tx.query(
      'insert into payouts (epoch, account_id, kind, units, provisional) values ($1, $2, $3, $4, $5)',
      [epoch, account, kind, units, parts.some(part => part.provisional)],
    )
  }
  // A proposal may have earned with several releases, and has one commons.
  for (const [proposal, parts] of Map.groupBy(division.commons, part => part.proposal)) {
    const units = sum(parts)
    if (units > 0n)
      await transfer(tx, {
        key: `commons/${epoch}/${proposal}`,
        from,
        to: `commons:${proposal}`,
        units,
        reason: 'commons',
        at,
      })
  }
  if (division.protocol > 0n)
    await transfer(tx, {
      key: `protocol/${epoch}`,
      from,
      to: 'protocol:treasury',
      units: division.protocol,
      reason: 'protocol share',
      at,
    })
}

interface FiledTree {
  readonly root: string
  readonly file: string
  readonly leaves: readonly RewardLeaf[]
}

/** Writes the cumulative tree of an epoch and files it by hash; null when nobody has ever earned anything. */
const fileTree = async (context: Context, tx: Db, epoch: number): Promise<FiledTree | null> => {
  const owners = await tx.query<{ account_id: string; wallet: number; index: number | null }>(
    `select distinct p.account_id, a.wallet, l.index from payouts p join accounts a on a.id = p.account_id
     left join reward_leaves l on l.account_id = p.account_id where p.epoch = $1 order by p.account_id`,
    [epoch],
  )
  for (const owner of owners)
    if (owner.index === null)
      await tx.query(
        'insert into reward_leaves (index, account_id, address) select coalesce(max(index) + 1, 0), $1, $2 from reward_leaves',
        [owner.account_id, context.chain.address(owner.wallet)],
      )
  await tx.query(
    `insert into cumulative_payouts (epoch, account_id, units)
     select $1, account_id, sum(units) from (
       select account_id, units from cumulative_payouts where epoch = $1 - 1
       union all select account_id, units from payouts where epoch = $1) both_parts group by account_id`,
    [epoch],
  )
  const leaves = await cumulativeLeaves(tx, epoch)
  if (leaves.length === 0) return null
  const root = Buffer.from(rewardsTree(leaves).root).toString('hex')
  const file = await context.blobs.put(Buffer.from(leaves.map(leaf => canonicalJson(leaf)).join('\n')))
  return { root, file, leaves }
}

const issuePayoutReceipts = async (
  context: Context,
  tx: Db,
  epoch: number,
  tree: FiledTree,
  seq: bigint,
): Promise<void> => {
  for (const { index, accountId, address, cumulativeUnits } of tree.leaves) {
    const id = idFrom('payout-receipt', String(epoch), accountId)
    await issueReceipt(
      context,
      tx,
      id,
      'payout',
      { epoch, root: tree.root, index, account: accountId, address, cumulativeUnits },
      seq,
    )
  }
}
