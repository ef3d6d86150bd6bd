import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres'
import { isFault } from '../infra/errors.ts'
import type { Job } from '../infra/queue.ts'
import type { Network, Update } from '../tools/context.ts'
import type { JobName, Jobs } from '../tools/jobs.ts'
import { measure } from './attributor.ts'
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
  ): Promise<void> => queue.work<Jobs[N]>(name, job => handle(job.data, job))
  await on('lifecycle', async ({ proposalId }) =>
    takeThread(network, lifecycle, proposalId, { proposalId }, node =>
      lifecycleDue(network, proposalId, node),
    ),
  )
  await on('settlement', async ({ epoch }) =>
    takeThread(network, settlement, `epoch/${epoch}`, { epoch }, node => settlementDue(network, epoch, node)),
  )
  await on('curate', async ({ submissionId }) => {
    await takeThread(network, curator, submissionId, { submissionId })
    // The verdicts stand in the tables; the thread has done its work.
    await checkpointer.deleteThread(submissionId)
  })
  await on('train', ({ runId }, job) => work(network, runId, job.signal, update => onUpdate(runId, update)))
  await on('attribute', ({ answerId }, job) => measure(network, answerId, job.signal))

  let looking: Promise<void> = Promise.resolve()
  const look = async (): Promise<void> => {
    const now = network.clock.now()
    const polls = await db.query<{ id: string }>(
      `select id from proposals where (state = 'voting' and closes_at <= $1) or state = 'gathering'`,
      [now],
    )
    const epochs = await db.query<{ number: number }>(`select number from epochs where state <> 'active'`)
    for (const { id } of polls) await queue.add(db, 'lifecycle', { proposalId: id }, { key: id })
    for (const { number } of epochs)
      await queue.add(db, 'settlement', { epoch: number }, { key: String(number) })
  }
  const timer = setInterval(() => {
    looking = looking.then(look).catch(error => {
      if (!isFault(error, 'database-gone')) log.warn('agents.look-failed', { error: error as Error })
    })
  }, policy.lookSeconds * 1000)
  return {
    stop: async () => {
      clearInterval(timer)
      await looking
    },
  }
}
