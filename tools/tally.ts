import { z } from 'zod'
import { canonicalJson, sha256Hex } from '../infra/canonical.ts'
import { ballotLeaf } from '../infra/chain-decode.ts'
import { fault } from '../infra/errors.ts'
import { idWord } from '../infra/ids.ts'
import { merkleRoot } from '../infra/merkle.ts'
import { findProposal, inState } from './find.ts'
import { addJob } from './jobs.ts'
import { limits } from './limits.ts'
import { notify } from './notify.ts'
import { record } from './record.ts'
import { verb } from './registry.ts'
import { unitsText } from './terms.ts'

interface Ballot {
  account_id: string
  choice: 'yes' | 'no'
  weight_units: bigint
  salt: string
}

/** One line of the ballot file, in the order of the accounts. */
export interface FiledBallot {
  readonly proposal: string
  readonly account: string
  readonly choice: 'yes' | 'no'
  readonly weightUnits: string
  readonly salt: string
}

/**
 * The root over a poll's ballots as the Registry checks it in a dispute: a voter is named by a hash of proposal and
 * account, so two leaves of one person contradict each other on chain. 64 zeros where nobody voted.
 */
export const ballotsRoot = (filed: readonly FiledBallot[]): string => {
  if (filed.length === 0) return '0'.repeat(64)
  const leaves = filed.map(({ proposal, account, choice, weightUnits }, index) =>
    ballotLeaf(idWord(proposal), {
      index,
      voter: `0x${sha256Hex(proposal, '/', account)}`,
      choice,
      weight: BigInt(weightUnits),
    }),
  )
  return Buffer.from(merkleRoot(leaves)).toString('hex')
}

/** Counts a closed poll, files the ballots, and puts their root and the tally on chain. A lost vote costs no bond. */
export const tally = verb({
  name: 'tally',
  summary: 'Count a closed poll and put its result on chain.',
  who: ['treasurer'],
  effect: 'write',
  input: z.object({ proposal: z.string() }),
  output: z.object({
    root: z.string(),
    yesUnits: unitsText,
    noUnits: unitsText,
    ballots: z.number(),
    passed: z.boolean(),
    tx: z.string(),
  }),
  async run(context, input) {
    const proposal = await findProposal(context.db, input.proposal)
    inState(proposal, ['voting'], 'Its vote has been counted.')
    const now = context.clock.now()
    if (now < proposal.closesAt)
      throw fault('poll-open', `The vote on "${proposal.name}" is still open.`, {
        fix: 'Wait until it closes.',
        retry: true,
      })
    const ballots = await context.db.query<Ballot>(
      'select account_id, choice, weight_units, salt from ballots where proposal_id = $1 order by account_id',
      [proposal.id],
    )
    const [power] = await context.db.query<{ sum: bigint }>(
      'select coalesce(sum(weight_units), 0)::bigint as sum from voting_power where proposal_id = $1',
      [proposal.id],
    )
    const filed = ballots.map(ballot => ({
      proposal: proposal.id,
      account: ballot.account_id,
      choice: ballot.choice,
      weightUnits: ballot.weight_units.toString(),
      salt: ballot.salt,
    }))
    const root = ballotsRoot(filed)
    const sum = (choice: string) =>
      ballots.reduce((all, ballot) => (ballot.choice === choice ? all + ballot.weight_units : all), 0n)
    const [yes, no] = [sum('yes'), sum('no')]
    const passed = yes > no && (yes + no) * 10_000n >= (power?.sum ?? 0n) * limits.quorum
    const reason = yes > no ? 'too few took part in the vote' : 'the vote went against it'
    const file = await context.blobs.put(Buffer.from(filed.map(ballot => canonicalJson(ballot)).join('\n')))
    const { tx: hash } = await context.chain.recordPoll(`poll/${proposal.id}`, {
      proposalId: idWord(proposal.id),
      ballotsRoot: `0x${root}`,
      yes,
      no,
      fileHash: `0x${file}`,
      passed,
    })
    return context.commit(async tx => {
      await tx.query(
        `insert into polls (proposal_id, root, ballots, yes_units, no_units, passed, file_blob, tx, closed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [proposal.id, root, ballots.length, yes, no, passed, file, hash, now],
      )
      // A lost vote can be disputed for a while; bond and pledges go back after that.
      const unwindAfter = new Date(now.getTime() + context.chain.disputeWindowSeconds * 1000)
      await tx.query(
        'update proposals set state = $2, reason = $3, unwind_after = coalesce($4, unwind_after) where id = $1',
        [proposal.id, passed ? 'gathering' : 'rejected', passed ? null : reason, passed ? null : unwindAfter],
      )
      await record(context, tx, passed ? 'proposal.passed' : 'proposal.rejected', proposal.id, {
        root,
        yes,
        no,
        ballots: ballots.length,
        tx: hash,
      })
      const { name, proposerId } = proposal
      if (passed) await notify(context, tx, proposerId, 'proposal.passed', { name })
      else await notify(context, tx, proposerId, 'proposal.rejected', { name, reason })
      await addJob(context.queue, tx, 'lifecycle', { proposalId: proposal.id })
      return {
        root,
        yesUnits: yes.toString(),
        noUnits: no.toString(),
        ballots: ballots.length,
        passed,
        tx: hash,
      }
    })
  },
})
