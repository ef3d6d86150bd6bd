import { Task, TaskState } from '@a2a-js/sdk'
import {
  AgentEvent,
  DefaultExecutionEventBus,
  type DefaultExecutionEventBusManager,
  type ExecutionEventBus,
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
  /** Whether an x402 payment waits for its payer to send the request again. */
  sold: boolean
}

/**
 * Takes up the tasks that the node worked on when it ended: each call is made again under the key it had. Resolves once all
 * of them can be followed; the work goes on.
 */
export const resumeTasks = async (
  gate: Gate,
  tasks: Tasks,
  executor: Executor,
  buses: DefaultExecutionEventBusManager,
): Promise<void> => {
  const rows = await gate.network.db.query<Row>(
    `select id, agent, caller, verb, input, call_key, task, exists (select from payments p where p.state = 'settled'
       and p.account_id = t.account_id and t.call_key = 'x402/' || p.id) as sold from tasks t
     where state in ('TASK_STATE_SUBMITTED', 'TASK_STATE_WORKING') order by updated_at, id`,
  )
  await Promise.all(
    rows.map(async row => {
      const verb = gate.verbs.find(({ name }) => name === row.verb)
      // A verb that is gone leaves its task as it is; a later version may have it again.
      if (verb === undefined) return
      // Nobody would fetch what a payment paid for: its till gives it back, unless the payer repeats the request.
      if (row.input === null || row.sold) return fail(gate, tasks, row)
      const follow = verb.name === 'run'
      const act = { kind: 'call', verb, input: row.input, priced: false, follow } satisfies Act
      const work: Work = { agent: row.agent, caller: row.caller, requestId: row.id, key: row.call_key, act }
      const context = contextFor(work)
      const task = Task.fromJSON(row.task)
      await tasks.save(task, context)
      const bus = buses.createOrGetByTaskId(row.id, context)
      const take = async (own: DefaultExecutionEventBus): Promise<void> =>
        executor.take({ taskId: row.id, contextId: task.contextId }, work, act, own)
      relay(new ResultManager(tasks, context), bus, take)
        .catch((error: unknown) =>
          gate.network.log.error('task.not-resumed', { task: row.id, error: asError(error) }),
        )
        .finally(() => buses.cleanupByTaskId(row.id, context))
    }),
  )
}

/** Lets work tell what happens; whoever follows hears of it once it is stored, for they may look at once. */
const relay = async (
  results: ResultManager,
  bus: ExecutionEventBus,
  work: (own: DefaultExecutionEventBus) => Promise<void>,
): Promise<void> => {
  const own = new DefaultExecutionEventBus()
  const queue = new ExecutionEventQueue(own)
  const stored = (async () => {
    for await (const event of queue.events()) {
      await results.processEvent(event)
      bus.publish(event)
    }
  })()
  await work(own)
  queue.stop()
  await stored
  bus.finished()
}

const asError = (error: unknown): Error | string => (error instanceof Error ? error : String(error))

/** Ends a task whose call cannot be made again, as what it was given is not kept. */
const fail = async (gate: Gate, tasks: Tasks, { id, agent, caller, call_key, task }: Row): Promise<void> => {
  const context = contextFor({ agent, caller, requestId: id, key: call_key })
  const { contextId } = Task.fromJSON(task)
  const ids = { taskId: id, contextId }
  const told = agentMessage(ids, [
    textPart('The node stopped while it worked. Send it again with the same Idempotency-Key or payment.'),
  ])
  const status = statusOf(TaskState.TASK_STATE_FAILED, gate.network.clock.now(), told)
  await new ResultManager(tasks, context).processEvent(
    AgentEvent.statusUpdate({ ...ids, status, metadata: undefined }),
  )
}
