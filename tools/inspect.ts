import { z } from 'zod'
import type { Chain } from '../infra/chain.ts'
import { idWord } from '../infra/ids.ts'
import { findProposal } from './find.ts'
import { verb } from './registry.ts'

/** What the lifecycle has to know to decide its next step: numbers, ids and flags, nothing that people wrote. */
export const lifecycleView = z.object({
  proposalId: z.string(),
  state: z.enum(['voting', 'gathering', 'tuning', 'evaluating', 'serving', 'rejected', 'failed', 'retired']),
  pollClosed: z.boolean(),
  /** The poll's result has outlived its dispute window on chain. */
  pollFinal: z.boolean(),
  /** The chain counts it as rejected or expired: its bond and pledges can go back. */
  ended: z.boolean(),
  gatheringClosed: z.boolean(),
  accepted: z.number(),
  undecided: z.number(),
  snapshotId: z.string().nullable(),
  runId: z.string().nullable(),
  runState: z.enum(['queued', 'training', 'trained', 'failed']).nullable(),
})
export type LifecycleView = z.infer<typeof lifecycleView>

/** Reads where a proposal stands. */
export const inspect = verb({
  name: 'inspect',
  summary: 'Read where a proposal stands.',
  who: ['curator', 'trainer', 'treasurer', 'operator'],
  effect: 'read',
  input: z.object({ proposal: z.string() }),
  output: lifecycleView,
  async run(context, input) {
    const proposal = await findProposal(context.db, input.proposal)
    const [counts] = await context.db.query<{ accepted: bigint; undecided: bigint }>(
      `select count(*) filter (where state = 'accepted') as accepted, count(*) filter (where state = 'received') as undecided from contributions where proposal_id = $1`,
      [proposal.id],
    )
    const [snapshot] = await context.db.query<{ id: string }>(
      'select id from snapshots where proposal_id = $1 order by created_at desc limit 1',
      [proposal.id],
    )
    const [run] = await context.db.query<{ id: string; state: LifecycleView['runState'] }>(
      'select id, state from runs where proposal_id = $1 order by created_at desc limit 1',
      [proposal.id],
    )
    return {
      proposalId: proposal.id,
      state: proposal.state,
      pollClosed: context.clock.now() >= proposal.closesAt,
      ...(await onChain(context.chain, proposal.id)),
      gatheringClosed: proposal.gatheringClosedAt !== null,
      accepted: Number(counts?.accepted ?? 0n),
      undecided: Number(counts?.undecided ?? 0n),
      snapshotId: snapshot?.id ?? null,
      runId: run?.id ?? null,
      runState: run?.state ?? null,
    }
  },
})

/** Whether the chain counts the poll as final, and the proposal as ended without a release. */
const onChain = async (chain: Chain, proposalId: string): Promise<{ pollFinal: boolean; ended: boolean }> => {
  const { pollFinalAt, status } = await chain.proposal(idWord(proposalId))
  const { time } = await chain.status()
  return {
    pollFinal: pollFinalAt > 0n && time >= pollFinalAt,
    ended: status === 'rejected' || status === 'expired',
  }
}
