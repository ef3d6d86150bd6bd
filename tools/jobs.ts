import type { Db } from '../infra/db.ts'
import type { Queue } from '../infra/queue.ts'

/** The queues and what their jobs carry. A job is added in the transaction that makes it necessary. */
export interface Jobs {
  /** Look at one proposal's lifecycle and take the next step if there is one. */
  lifecycle: { proposalId: string }
  /** Check the rows of one submission. */
  curate: { submissionId: string }
  /** Train one run. */
  train: { runId: string }
  /** Tune the subset adapters of one release. */
  calibrate: { releaseId: string }
  /** Measure whose rows shaped one answer. */
  attribute: { answerId: string }
  /** Look at one epoch's settlement and take the next step if there is one. */
  settlement: { epoch: number }
}

export type JobName = keyof Jobs

/** Adds a job inside `tx`. A job only says where to look: a twin that still waits stands for both. */
export const addJob = async <N extends JobName>(
  queue: Queue,
  tx: Db,
  name: N,
  data: Jobs[N],
): Promise<void> => {
  await queue.add(tx, name, data, { key: Object.values(data).join('/') })
}
