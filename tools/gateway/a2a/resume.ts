import { Task, TaskState } from '@a2a-js/sdk'
import {
  AgentEvent,
  type DefaultExecutionEventBusManager,
  ExecutionEventQueue,
  ResultManager,
} from '@a2a-js/sdk/server'
import type { Caller } from '../../context.ts'
import type { Gate } from '../gate.ts'
import type { Executor } from './executor.ts'
import { agentMessage, statusOf, textPart } from './parts.ts'
import type { Tasks } from './tasks.ts'
import { type Act, contextFor, type Work } from './work.ts'

interface Row {
  id: string
  agent: string
  caller: Caller
  verb: string
  input: unknown
  call_key: string
  task: unknown
}

/** Takes up the tasks that the node worked on when it ended: each call is made again under the key it had. */
export const resumeTasks = async (
  gate: Gate,
  tasks: Tasks,
  executor: Executor,
  buses: DefaultExecutionEventBusManager,
): Promise<void> => {
  const rows = await gate.network.db.query<Row>(
    `select id, agent, caller, verb, input, call_key, task from tasks
     where state in ('TASK_STATE_SUBMITTED', 'TASK_STATE_WORKING') order by updated_at, id`,
  )
  await Promise.all(
    rows.map(async row => {
      const verb = gate.verbs.find(({ name }) => name === row.verb)
      // A verb that is gone leaves its task as it is; a later version may have it again.
      if (verb === undefined) return
      if (row.input === null) return fail(gate, tasks, row)
      const act = {
        kind: 'call',
        verb,
        input: row.input,
        priced: false,
        follow: verb.name === 'run',
      } satisfies Act
      const work: Work = { agent: row.agent, caller: row.caller, requestId: row.id, key: row.call_key, act }
      const context = contextFor(work)
      const task = Task.fromJSON(row.task)
      await tasks.save(task, context)
      const bus = buses.createOrGetByTaskId(row.id, context)
      const queue = new ExecutionEventQueue(bus)
      const results = new ResultManager(tasks, context)
      const stored = (async () => {
        for await (const event of queue.events()) await results.processEvent(event)
      })()
      await executor.take({ taskId: row.id, contextId: task.contextId }, work, act, bus)
      queue.stop()
      await stored
      // Whoever follows hears of the end only once it is stored.
      bus.finished()
      buses.cleanupByTaskId(row.id, context)
    }),
  )
}

/** Ends a task whose call cannot be made again, as what it was given is not kept. */
const fail = async (gate: Gate, tasks: Tasks, { id, agent, caller, call_key, task }: Row): Promise<void> => {
  const context = contextFor({ agent, caller, requestId: id, key: call_key })
  const { contextId } = Task.fromJSON(task)
  const ids = { taskId: id, contextId }
  const told = agentMessage(ids, [
    textPart('The node stopped while it worked. Send it again with the same Idempotency-Key.'),
  ])
  const status = statusOf(TaskState.TASK_STATE_FAILED, gate.network.clock.now(), told)
  await new ResultManager(tasks, context).processEvent(
    AgentEvent.statusUpdate({ ...ids, status, metadata: undefined }),
  )
}
