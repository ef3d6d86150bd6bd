import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { fault } from '../infra/errors.ts'
import { idFrom } from '../infra/ids.ts'
import { findAccount, findProposal, inState, type Proposal } from './find.ts'
import { issueReceipt } from './receipt.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

/**
 * Casts or changes the caller's ballot until the poll closes. The tally stays sealed until then; the ballot goes into the
 * poll's Merkle root, and the receipt lets its owner prove that it was counted.
 */
export const vote = verb({
  name: 'vote',
  summary: 'Vote on a proposal; you can change your vote until it closes.',
  who: ['member'],
  effect: 'vote',
  input: z.object({ proposal: z.string(), choice: z.enum(['yes', 'no']) }),
  output: z.object({
    receiptId: z.string(),
    weightUnits: unitsText,
    counted: z.boolean(),
    closesAt: z.string(),
  }),
  async run(context, input) {
    const account = await findAccount(context.db, context.caller.accountId)
    const proposal = await findProposal(context.db, input.proposal)
    inState(proposal, ['voting'], 'Its vote is over; look at its result with /status.')
    const now = context.clock.now()
    if (now >= proposal.closesAt) throw closed(proposal)
    return context.commit(async tx => {
      const [open] = await tx.query(
        `select id from proposals where id = $1 and state = 'voting' and closes_at > $2 for share`,
        [proposal.id, context.clock.now()],
      )
      if (open === undefined) throw closed(proposal)
      const [power] = await tx.query<{ weight_units: bigint }>(
        'select weight_units from voting_power where proposal_id = $1 and account_id = $2',
        [proposal.id, account.id],
      )
      const weight = power?.weight_units ?? 0n
      const salt = randomBytes(32).toString('hex')
      const receiptId = idFrom('ballot-receipt', context.key)
      const ballot = {
        proposal: proposal.id,
        account: account.id,
        choice: input.choice,
        weightUnits: weight.toString(),
        salt,
      }
      await tx.query(
        `insert into ballots (proposal_id, account_id, choice, weight_units, salt, receipt_id, cast_at) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (proposal_id, account_id) do update set choice = excluded.choice, salt = excluded.salt, receipt_id = excluded.receipt_id, cast_at = excluded.cast_at`,
        [proposal.id, account.id, input.choice, weight, salt, receiptId, now],
      )
      const seq = await record(context, tx, 'ballot.cast', proposal.id, ballot)
      await issueReceipt(context, tx, receiptId, 'ballot', { ...ballot, castAt: now.toISOString() }, seq)
      return {
        receiptId,
        weightUnits: weight.toString(),
        counted: weight > 0n,
        closesAt: proposal.closesAt.toISOString(),
      }
    })
  },
})

const closed = (proposal: Proposal) =>
  fault('poll-closed', `The vote on "${proposal.name}" closed at ${proposal.closesAt.toISOString()}.`, {
    fix: 'Look at its result with /status.',
  })
