import { fault } from '../../infra/errors.ts'
import { freeze } from '../../tools/freeze.ts'
import { run as readRun } from '../../tools/run.ts'
import { proposalOf, proposer } from './gathering.ts'
import type { TourResult } from './result.ts'
import type { Tour } from './tour.ts'
import { waitFor } from './wait.ts'

/** Steps 4 to 6: the datanet is frozen, an adapter is tuned and judged on the held-out rows, and released. */
export const freezeAndTune = async (
  tour: Tour,
): Promise<Pick<TourResult, 'snapshot' | 'run' | 'evaluation'>> => {
  const { people, screen, model } = tour
  screen.step(4, 'The datanet is frozen; the Merkle root of its rows goes on chain')
  await (await people.called(proposer)).do('freeze', freeze, { proposal: model })
  const frozen = await waitFor(
    'the snapshot',
    () => proposalOf(tour),
    proposal => proposal.snapshot !== null,
  )
  const snapshot = frozen.snapshot as NonNullable<typeof frozen.snapshot>
  screen.line(
    `${snapshot.rows} rows under root ${snapshot.root.slice(0, 10)}… (${snapshot.tx.slice(0, 10)}…)`,
  )

  screen.step(5, 'The trainer tunes a LoRA adapter and judges it on the held-out rows')
  const ended = await waitFor(
    'the tuning',
    async () => {
      const proposal = await proposalOf(tour)
      const { run } = proposal
      if (run?.state === 'training' && run.step !== null)
        screen.progress({
          step: run.step,
          steps: run.steps ?? 0,
          loss: run.loss ?? 0,
          tokensPerSecond: run.tokensPerSecond ?? 0,
          secondsLeft: run.secondsLeft ?? 0,
        })
      return proposal
    },
    proposal => proposal.state === 'serving' || proposal.state === 'failed',
    { progress: proposal => [proposal.state, proposal.run], seconds: 300 },
  )
  const { result } = await people.operator.do('run', readRun, { run: model })
  if (ended.state === 'failed' || result === null || ended.evaluation === null)
    throw fault(
      'tour-gate',
      `The run of ${model} did not pass: ${ended.reason ?? ended.run?.reason ?? 'no reason was kept'}.`,
      {
        fix: 'Give more rows, or rows closer to the held-out ones; the pledges are paid back.',
      },
    )
  const { rows, baseLoss, adapterLoss } = ended.evaluation
  screen.line(
    `held-out loss ${baseLoss.toFixed(3)} -> ${adapterLoss.toFixed(3)} nats a token (${(100 * (1 - adapterLoss / baseLoss)).toFixed(1)}% lower on ${rows} rows)`,
  )
  screen.step(6, 'The gate is passed: the model is released and served')
  screen.line(
    `${model}@${ended.release?.version ?? '?'} in release transaction ${ended.release?.tx.slice(0, 10)}…`,
  )
  const { steps, tokens, tokensPerSecond, seconds, firstLoss, lastLoss } = result
  return {
    snapshot: { rows: snapshot.rows, root: snapshot.root, anchorTx: snapshot.tx },
    run: { steps, tokens, tokensPerSecond, seconds, firstLoss, lastLoss },
    evaluation: { rows, baseLoss, adapterLoss },
  }
}
