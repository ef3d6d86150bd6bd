import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres'
import type { Db } from '../infra/db.ts'
import type { Job } from '../infra/queue.ts'
import { traced } from '../infra/telemetry.ts'
import { anchor } from '../tools/anchor.ts'
import type { Network, Update } from '../tools/context.ts'
import { forgetDatanets } from '../tools/datanet.ts'
import type { JobName, Jobs } from '../tools/jobs.ts'
import { actAs } from './act.ts'
import { calibrateRelease, measure } from './attributor.ts'
import { curatorGraph } from './curator.ts'
import { lifecycleDue, lifecycleGraph } from './lifecycle.ts'
import { policy } from './policy.ts'
import { settlementDue, settlementGraph } from './settlement.ts'
import { takeThread } from './thread.ts'
import { work } from './trainer.ts'

export interface Agents {
  /** Stops looking at what is due by time; jobs under way end with the queue. */
  stop(): Promise<void>
}

/**
 * Starts the four agents: each takes jobs from its queue and drives its graph. Between jobs one look every few seconds
 * wakes what is due by time alone. `onUpdate` hears the progress of a training run.
 */
export const startAgents = async (
  network: Network,
  onUpdate: (runId: string, update: Update) => void = () => {},
): Promise<Agents> => {
  const { db, queue, log } = network
  const checkpointer = new PostgresSaver(db.pool, undefined, { schema: 'graphs' })
  await checkpointer.setup()
  const lifecycle = lifecycleGraph(network, checkpointer)
  const settlement = settlementGraph(network, checkpointer)
  const curator = curatorGraph(network, checkpointer)

  const on = <N extends JobName>(
    name: N,
    handle: (data: Jobs[N], job: Job<Jobs[N]>) => Promise<unknown>,
  ): Promise<void> =>
    queue.work<Jobs[N]>(name, job =>
      traced('job', name, { job: job.id, attempt: job.attempt }, () => handle(job.data, job)),
    )
  // Another process has the thread: what woke this job may have come after it looked, so somebody looks again.
  const lookAgain = async <N extends JobName>(name: N, data: Jobs[N], taken: boolean): Promise<void> => {
    if (taken) return
    const startAfter = new Date(Date.now() + 1000 * policy.leaseSeconds)
    await queue.add(db, name, data, { key: `${Object.values(data).join('/')}/again`, startAfter })
  }
  await on('lifecycle', async data => {
    const { proposalId } = data
    const due = (node: string) => lifecycleDue(network, proposalId, node)
    await lookAgain('lifecycle', data, await takeThread(network, lifecycle, proposalId, { proposalId }, due))
  })
  await on('settlement', async data => {
    const { epoch } = data
    const due = (node: string) => settlementDue(network, epoch, node)
    await lookAgain(
      'settlement',
      data,
      await takeThread(network, settlement, `epoch/${epoch}`, { epoch }, due),
    )
  })
  await on('curate', async data => {
    const { submissionId } = data
    const open = await db.query(`select id from submissions where id = $1 and state = 'received'`, [
      submissionId,
    ])
    if (open.length === 0) return checkpointer.deleteThread(submissionId)
    const taken = await takeThread(network, curator, submissionId, { submissionId }).catch(error => {
      // Rows that were placed for comparison may never be accepted now.
      forgetDatanets(network)
      throw error
    })
    await lookAgain('curate', data, taken)
    // The verdicts stand in the tables; the thread has done its work.
    if (taken) await checkpointer.deleteThread(submissionId)
  })
  await on('train', ({ runId }, job) => work(network, runId, job, update => onUpdate(runId, update)))
  await on('calibrate', ({ releaseId }, job) => calibrateRelease(network, releaseId, job))
  await on('attribute', ({ answerId }, job) => measure(network, answerId, job.signal))

  let looking: Promise<void> | null = null
  let anchoredAt = network.clock.now().getTime()
  const look = async (): Promise<void> => {
    const now = network.clock.now()
    const due = await whatIsDue(db, now)
    for (const proposalId of due.proposals)
      await queue.add(db, 'lifecycle', { proposalId }, { key: proposalId })
    for (const submissionId of due.submissions)
      await queue.add(db, 'curate', { submissionId }, { key: submissionId })
    for (const epoch of due.epochs) await queue.add(db, 'settlement', { epoch }, { key: String(epoch) })
    if (now.getTime() - anchoredAt < policy.anchorSeconds * 1000) return
    anchoredAt = now.getTime()
    await actAs(network, 'treasurer')(anchor, {})
  }
  const timer = setInterval(() => {
    looking ??= look()
      .catch(error => log.warn('agents.look-failed', { error: error as Error }))
      .finally(() => {
        looking = null
      })
  }, policy.lookSeconds * 1000)
  return {
    stop: async () => {
      clearInterval(timer)
      await looking
    },
  }
}

/**
 * What time alone has made due: polls that closed, frozen datanets whose vote became final, epochs to close or to activate,
 * and submissions whose job died: a row without a verdict would keep its datanet from being frozen for ever.
 */
const whatIsDue = async (
  db: Db,
  now: Date,
): Promise<{ proposals: string[]; submissions: string[]; epochs: number[] }> => {
  const proposals = await db.query<{ id: string }>(
    `select id from proposals where (state = 'voting' and closes_at <= $1) or (state = 'gathering' and gathering_closed_at is not null)
       or (state in ('rejected', 'failed', 'gathering') and unwound_at is null and unwind_after <= $1)`,
    [now],
  )
  const epochs = await db.query<{ number: number }>(
    `select number from epochs e where state in ('closing', 'computed') or (state = 'posted' and active_after <= $1)
       or (state = 'open' and opened_at <= $2 and exists (select 1 from balances where account = 'income:' || e.number and units >= $3))`,
    [now, new Date(now.getTime() - policy.treasurer.epochSeconds * 1000), policy.treasurer.leastIncome],
  )
  const submissions = await db.query<{ id: string }>(
    `select id from submissions where state = 'received' and received_at <= $1`,
    [new Date(now.getTime() - policy.curateAgainSeconds * 1000)],
  )
  return {
    proposals: proposals.map(row => row.id),
    submissions: submissions.map(row => row.id),
    epochs: epochs.map(row => row.number),
  }
}
