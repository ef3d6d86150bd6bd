import { Task, TaskState, taskStateToJSON } from '@a2a-js/sdk'
import type { ServerCallContext, TaskStore } from '@a2a-js/sdk/server'
import { canonicalJson } from '../../../infra/canonical.ts'
import { fault } from '../../../infra/errors.ts'
import type { Network } from '../../context.ts'
import { ended, joinTexts } from './parts.ts'
import { listTasks, pruneTasks } from './task-pages.ts'
import { ownerOf, type Work, workOf } from './work.ts'

/** Tasks that a node works on at once, and those of one account. */
const RUNNING = 2_000
const RUNNING_OF_ONE = 100

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface Tasks extends TaskStore {
  /** The task that is being worked on for a request. */
  taskFor(work: Work): Task | undefined
  /** What the caller was answered earlier in a conversation with this agent, the newest first. */
  earlier(contextId: string, context: ServerCallContext): Promise<Task[]>
}

/**
 * Tasks in Postgres, each only for its owner at its agent. One that is worked on is kept in memory too: what is streamed
 * changes it at every word, and only a change of its state is written. A caller without an account leaves no row.
 */
export const openTasks = (network: Network): Tasks => {
  const running = new Map<string, { task: Task; work: Work }>()
  const { db } = network

  const full = (work: Work): boolean => {
    const owner = ownerOf(work)?.accountId
    const same = [...running.values()].filter(
      other => owner !== undefined && ownerOf(other.work)?.accountId === owner,
    )
    return running.size >= RUNNING || same.length >= RUNNING_OF_ONE
  }

  const write = async (task: Task, work: Work): Promise<void> => {
    const owner = ownerOf(work)
    if (owner === undefined) return
    const at = task.status?.timestamp ?? network.clock.now().toISOString()
    const state = taskStateToJSON(task.status?.state ?? TaskState.TASK_STATE_UNSPECIFIED)
    const json = canonicalJson(Task.toJSON(task))
    if (work.act?.kind !== 'call') {
      await db.query('update tasks set state = $2, task = $3, updated_at = $4 where id = $1', [
        task.id,
        state,
        json,
        at,
      ])
      return
    }
    await db.query(
      `insert into tasks (id, agent, context_id, account_id, caller, verb, input, call_key, state, task, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       on conflict (id) do update set state = excluded.state, task = excluded.task, updated_at = excluded.updated_at`,
      [
        task.id,
        work.agent,
        task.contextId,
        owner.accountId,
        canonicalJson(work.caller),
        work.act.verb.name,
        // Rows may hold what is never to be stored; such a call is not taken up again.
        work.act.verb.effect === 'write' ? null : canonicalJson(work.act.input),
        work.key,
        state,
        json,
        at,
      ],
    )
    if (ended(task.status?.state)) await pruneTasks(network, owner.accountId)
  }

  const rows = async (
    context: ServerCallContext,
    where: string,
    values: readonly unknown[],
  ): Promise<Task[]> => {
    const work = workOf(context)
    const owner = ownerOf(work)
    if (owner === undefined) return []
    const found = await db.query<{ task: unknown }>(
      `select task from tasks where account_id is not distinct from $1 and agent = $2 and ${where}`,
      [owner.accountId, work.agent, ...values],
    )
    return found.map(({ task }) => Task.fromJSON(task))
  }

  return {
    save: async (task, context) => {
      const before = running.get(task.id)
      const work = before?.work ?? workOf(context)
      if (before === undefined && work.act !== undefined && full(work))
        throw fault('queue-full', 'The node works on as many tasks as it can.', {
          fix: 'Come back in a few seconds.',
          retry: true,
          facts: { retryAfterSeconds: 5 },
        })
      const kept = structuredClone({
        ...task,
        artifacts: task.artifacts.map(item => ({ ...item, parts: joinTexts(item.parts) })),
      })
      const over = ended(kept.status?.state)
      if (!over && work.act !== undefined) running.set(task.id, { task: kept, work })
      try {
        if (over || before?.task.status?.state !== kept.status?.state) await write(kept, work)
      } finally {
        if (over) running.delete(task.id)
      }
    },
    load: async (id, context) => {
      const live = running.get(id)
      if (live !== undefined)
        return isTheirs(live.work, workOf(context)) ? structuredClone(live.task) : undefined
      if (!uuid.test(id)) return undefined
      const [task] = await rows(context, 'id = $3', [id])
      return task
    },
    taskFor: wanted => {
      const live = [...running.values()].find(({ work }) => work === wanted)
      return live && structuredClone(live.task)
    },
    earlier: (contextId, context) =>
      rows(
        context,
        `context_id = $3 and state = 'TASK_STATE_COMPLETED' order by updated_at desc, id desc limit 20`,
        [contextId],
      ),
    list: async (params, context) => {
      const work = workOf(context)
      const owner = ownerOf(work)
      if (owner === undefined)
        return { tasks: [], nextPageToken: '', pageSize: params.pageSize ?? 0, totalSize: 0 }
      return listTasks(db, owner.accountId, work.agent, params)
    },
  }
}

const isTheirs = (work: Work, other: Work): boolean => {
  const owner = ownerOf(work)
  return (
    work.agent === other.agent &&
    (work === other || (owner !== undefined && owner.accountId === ownerOf(other)?.accountId))
  )
}
