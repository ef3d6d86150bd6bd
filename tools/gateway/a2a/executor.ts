import { type Message, type Task, TaskState } from '@a2a-js/sdk'
import {
  AgentEvent,
  type AgentExecutor,
  type ExecutionEventBus,
  type RequestContext,
} from '@a2a-js/sdk/server'
import { interrupted } from '../../ask.ts'
import type { Gate } from '../gate.ts'
import { agentMessage, dataPart, statusOf, type TaskIds, textPart } from './parts.ts'
import { perform } from './perform.ts'
import type { Tasks } from './tasks.ts'
import { type Act, type Work, workOf } from './work.ts'

export interface Executor extends AgentExecutor {
  /** Does a task's work, from its first call or, after a restart, again. */
  take(
    ids: TaskIds,
    work: Work,
    act: Extract<Act, { kind: 'call' }>,
    bus: ExecutionEventBus,
    begin?: () => Promise<void>,
  ): Promise<void>
}

/** What all agents have in common: a message is answered at once, or its call is made as a task that can be cancelled. */
export const openExecutor = (gate: Gate, tasks: Tasks, pollMs: number): Executor => {
  const cancels = new Map<string, AbortController>()

  const take: Executor['take'] = async (ids, work, act, bus, begin = async () => {}) => {
    const cancel = new AbortController()
    const interrupt = (): void => cancel.abort(interrupted())
    cancels.set(ids.taskId, cancel)
    gate.closing.addEventListener('abort', interrupt)
    try {
      const publish = bus.publish.bind(bus)
      await perform(gate, pollMs, { ids, work, act, signal: cancel.signal, begin, publish })
    } finally {
      gate.closing.removeEventListener('abort', interrupt)
      cancels.delete(ids.taskId)
    }
  }

  return {
    take,
    execute: async ({ taskId, contextId, context, userMessage }: RequestContext, bus) => {
      const work = workOf(context)
      const ids = { taskId, contextId }
      if (work.act === undefined) throw new Error('A message came without its work.')
      if (work.act.kind === 'say') {
        const { text, data } = work.act
        const message = agentMessage({ taskId: '', contextId }, [
          ...(text === undefined ? [] : [textPart(text)]),
          dataPart(data),
        ])
        return bus.publish(AgentEvent.message(message))
      }
      const task: Task = {
        id: taskId,
        contextId,
        status: statusOf(TaskState.TASK_STATE_WORKING, gate.network.clock.now()),
        artifacts: [],
        history: [kept(userMessage, work.act)],
        metadata: undefined,
      }
      bus.publish(AgentEvent.task(task))
      await take(ids, work, work.act, bus, () => tasks.save(task, context))
    },
    cancelTask: async taskId => cancels.get(taskId)?.abort(),
  }
}

/** The message as its task remembers it: rows that are given may be refused before anything of them is stored. */
const kept = (message: Message, { verb }: Extract<Act, { kind: 'call' }>): Message =>
  verb.effect === 'write'
    ? { ...message, metadata: undefined, extensions: [], parts: [dataPart({ verb: verb.name })] }
    : message
