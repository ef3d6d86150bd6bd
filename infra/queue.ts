import { type JobWithMetadata, PgBoss } from 'pg-boss'
import type { Database, Db } from './db.ts'
import { fault, TributaryError } from './errors.ts'
import { newId } from './ids.ts'
import { type Log, silentLog } from './log.ts'

export interface QueueSettings {
  /** Longest time one attempt may take, in seconds; default 3,600. */
  expireSeconds?: number
  /** Attempts after the first before the job is dead; default 4, after about 1, 2, 4 and 8 s. */
  retries?: number
}

export interface Job<T extends object> {
  id: string
  data: T
  /** 0 for the first attempt. A job may run more than once: its effect must be the same. */
  attempt: number
  /** Aborts when the queue stops or the attempt has expired. A job stopped so is put back without counting the attempt. */
  signal: AbortSignal
}

export interface DeadLetter {
  id: string
  queue: string
  data: object
  /** What a person reads: the last error and its fix. */
  reason: string
  at: Date
  attempts: number
}

export interface Queue {
  /**
   * Adds a job in the caller's transaction; its worker in this process wakes when that commits. With a `key`, nothing is
   * added while a job of that key still waits (one that runs already does not count: what changed may have escaped it).
   * Returns the job's id, or null for such a twin. Throws `queue-unknown`.
   */
  add(
    tx: Db,
    name: string,
    data: object,
    options?: { key?: string; startAfter?: Date },
  ): Promise<string | null>
  /** Takes jobs of a queue, `concurrency` at once (default 1), oldest first. */
  work<T extends object>(
    name: string,
    handler: (job: Job<T>) => Promise<unknown>,
    options?: { concurrency?: number },
  ): Promise<void>
  /** Jobs that wait or run, of one queue or of all. */
  pending(name?: string): Promise<number>
  /** Jobs that failed for good, newest first. */
  dead(): Promise<DeadLetter[]>
  /** Puts a dead job back into its queue. */
  revive(id: string): Promise<void>
  /** Aborts what runs, waits for it, and puts it back. */
  stop(): Promise<void>
}

const SCHEMA = 'pgboss'
const DEAD = 'dead-letters'
// A job that takes the whole process down with it would otherwise do so at every start.
const MOST_INTERRUPTIONS = 10
// Not a latency: a job added here wakes its worker. It bounds the wait for retries and for jobs of other processes.
const POLL_SECONDS = 1

const reasonOf = (error: unknown): { message: string; code?: string } => {
  if (error instanceof TributaryError) return { message: `${error.message} ${error.fix}`, code: error.code }
  return { message: error instanceof Error ? error.message : String(error) }
}

const readMessage = (output: unknown): string => {
  const message: unknown =
    output !== null && typeof output === 'object' ? Reflect.get(output, 'message') : undefined
  return typeof message === 'string' ? message : 'It ran too long or its process ended.'
}

const interruptions = (output: unknown): number => {
  const count: unknown =
    output !== null && typeof output === 'object' ? Reflect.get(output, 'interrupted') : undefined
  return typeof count === 'number' ? count : 0
}

/**
 * Opens the job queues named in `queues` on pg-boss in the same database (schema `pgboss`).
 * On the embedded database every job found running belonged to a process that is gone, and is put back at once; on a
 * shared Postgres that takes up to a minute of missing heartbeats.
 */
export const openQueue = async (
  db: Database,
  queues: Readonly<Record<string, QueueSettings>>,
  log: Log = silentLog,
): Promise<Queue> => {
  const boss = new PgBoss({
    db: {
      executeSql: async (text, values) => {
        // Several statements at once answer with one result each.
        const results = [await db.pool.query(text, values)].flat()
        return { rows: results.flatMap(result => result.rows) }
      },
    },
    backend: db.engine,
    schema: SCHEMA,
    schedule: false,
    superviseIntervalSeconds: 30,
    monitorIntervalSeconds: 30,
    monitorVacuum: false,
    reindex: false,
  })
  boss.on('error', error => log.error('queue.failed', { error }))
  await boss.start()

  const declare = async (name: string, options: Parameters<PgBoss['createQueue']>[1]): Promise<void> => {
    // Keeps an existing queue as it is, so its settings are written again.
    await boss.createQueue(name, options)
    const { policy: _, ...changeable } = options ?? {}
    await boss.updateQueue(name, changeable)
    // Loads the queue into pg-boss' cache now: inside a transaction it could not be looked up.
    await boss.findJobs(name, { id: newId() })
  }
  await declare(DEAD, { retentionSeconds: 365 * 24 * 3600 })
  for (const [name, { expireSeconds = 3600, retries = 4 }] of Object.entries(queues))
    await declare(name, {
      policy: 'short',
      expireInSeconds: expireSeconds,
      heartbeatSeconds: 30,
      retryLimit: retries,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 60,
      deadLetter: DEAD,
      deleteAfterSeconds: 24 * 3600,
    })
  // 'retry' and not 'created': a queued twin of the same key may exist, and only one `created` may.
  const putBack = (where: string, values: readonly unknown[], countIt: boolean): Promise<{ id: string }[]> =>
    db.query(
      `update ${SCHEMA}.job set state = 'retry', started_on = null, heartbeat_on = null, start_after = now()
       ${countIt ? `, output = jsonb_build_object('interrupted', coalesce((output ->> 'interrupted')::int, 0) + 1)` : ''}
       where state = 'active' and ${where} returning id`,
      values,
    )
  if (db.engine === 'pglite') {
    const orphans = await putBack('true', [], true)
    if (orphans.length > 0) log.warn('queue.orphans-put-back', { jobs: orphans.length })
  }

  const stopping = new AbortController()
  const workers = new Map<string, string[]>()
  const wake = (name: string): void => {
    for (const worker of workers.get(name) ?? []) boss.notifyWorker(worker)
  }
  const known = (name: string): void => {
    if (!(name in queues))
      throw fault('queue-unknown', `There is no queue ${name}.`, {
        fix: 'Declare it in openQueue.',
        blame: 'ours',
      })
  }

  return {
    add: async (tx, name, data, options = {}) => {
      known(name)
      const id = await boss.send(name, data, {
        db: { executeSql: async (text, values) => ({ rows: await tx.query(text, values) }) },
        // Without a key of its own, a job would be the twin of every other one without.
        singletonKey: options.key ?? newId(),
        ...(options.startAfter === undefined ? {} : { startAfter: options.startAfter }),
      })
      tx.afterCommit(() => wake(name))
      return id
    },

    work: async (name, handler, options = {}) => {
      known(name)
      for (let slot = 0; slot < (options.concurrency ?? 1); slot++) {
        const worker = await boss.work(
          name,
          { includeMetadata: true, perJobResults: true, batchSize: 1, pollingIntervalSeconds: POLL_SECONDS },
          async ([job]: JobWithMetadata<object>[]) => {
            if (job === undefined) return []
            const signal = AbortSignal.any([job.signal, stopping.signal])
            const { id, retryCount: attempt } = job
            try {
              if (interruptions(job.output) >= MOST_INTERRUPTIONS)
                throw new Error(`The process ended ${MOST_INTERRUPTIONS} times while this job ran.`)
              await handler({ id, data: job.data as never, attempt, signal })
              return [{ id, status: 'completed' }]
            } catch (error) {
              if (stopping.signal.aborted) {
                await putBack('name = $1 and id = $2', [name, id], false)
                return []
              }
              const output = reasonOf(error)
              const last = attempt >= job.retryLimit || interruptions(job.output) >= MOST_INTERRUPTIONS
              log[last ? 'error' : 'warn'](last ? 'job.dead' : 'job.failed', {
                queue: name,
                job: id,
                attempt,
                reason: output.message,
              })
              return [{ id, status: last ? 'deadletter' : 'failed', output }]
            } finally {
              // The next job is fetched at once; pg-boss would wait out its poll after every one.
              wake(name)
            }
          },
        )
        workers.set(name, [...(workers.get(name) ?? []), worker])
      }
    },

    pending: async name => {
      const [row] = await db.query<{ count: bigint }>(
        `select count(*) as count from ${SCHEMA}.job
         where state in ('created', 'retry', 'active') and name <> $1 and ($2::text is null or name = $2)`,
        [DEAD, name ?? null],
      )
      return Number(row?.count ?? 0n)
    },

    dead: async () => {
      const jobs = await boss.findJobs<object>(DEAD)
      return jobs
        .map(job => ({
          id: job.id,
          queue: job.sourceName ?? DEAD,
          data: job.data,
          reason: readMessage(job.sourceOutput),
          at: job.createdOn,
          attempts: (job.sourceRetryCount ?? 0) + 1,
        }))
        .sort((a, b) => b.at.getTime() - a.at.getTime())
    },

    revive: async id => {
      const moved = await boss.redrive(DEAD, { ids: [id] })
      if (moved === 0)
        throw fault('job-unknown', `There is no dead job ${id.slice(0, 40)}.`, {
          fix: 'List the dead jobs again.',
        })
      for (const name of workers.keys()) wake(name)
    },

    stop: async () => {
      stopping.abort(
        fault('queue-stopped', 'The node is stopping.', {
          fix: 'Start it again.',
          retry: true,
          blame: 'operator',
        }),
      )
      await boss.stop({ graceful: true, timeout: 15_000, close: false })
    },
  }
}
