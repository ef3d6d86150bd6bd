import { type Part, TaskState, type TaskStatusUpdateEvent } from '@a2a-js/sdk'
import { AgentEvent, type AgentExecutionEvent } from '@a2a-js/sdk/server'
import { isFault } from '../../../infra/errors.ts'
import type { Update } from '../../context.ts'
import { call } from '../../registry.ts'
import { toldOf } from '../faults.ts'
import type { Gate } from '../gate.ts'
import { follow } from './follow.ts'
import { agentMessage, artifact, dataPart, statusOf, type TaskIds, textPart } from './parts.ts'
import type { Act, Work } from './work.ts'

export interface Performance {
  readonly ids: TaskIds
  readonly work: Work
  readonly act: Extract<Act, { kind: 'call' }>
  /** Aborted by a cancellation, and with the reason `interrupted` when the node closes. */
  readonly signal: AbortSignal
  /** Stores the task: what cannot be stored is not done, and costs nothing. */
  begin(): Promise<void>
  publish(event: AgentExecutionEvent): void
}

/** Faults that say that the call was never let through: the task is rejected, not failed. */
const rejections = new Set([
  'not-allowed',
  'scope-missing',
  'input-invalid',
  'budget-spent',
  'insufficient-balance',
])

/**
 * Calls what a message asked for and publishes what comes of it, to the end of its task. Nothing is published when the node
 * closes first: the task is taken up again at the next start.
 */
export const perform = async (gate: Gate, pollMs: number, p: Performance): Promise<void> => {
  const tell = status(gate, p)
  try {
    await p.begin()
    const outcome = p.act.follow ? await follow(gate, pollMs, p, tell) : await callOnce(gate, p, tell)
    publishParts(p, outcome, true)
    tell(TaskState.TASK_STATE_COMPLETED)
  } catch (error) {
    if (isFault(p.signal.reason, 'answer-interrupted')) return
    if (p.signal.aborted) return tell(TaskState.TASK_STATE_CANCELED, [textPart('The caller canceled it.')])
    const { message, fix, code, retry } = toldOf(error, gate.network.log, p.work.requestId)
    tell(rejections.has(code) ? TaskState.TASK_STATE_REJECTED : TaskState.TASK_STATE_FAILED, [
      textPart(`${message} ${fix}`),
      dataPart({ code, message, fix, retry }),
    ])
  }
}

export type Tell = (state: TaskState, parts?: Part[], metadata?: TaskStatusUpdateEvent['metadata']) => void

const status =
  ({ network }: Gate, { ids, publish }: Performance): Tell =>
  (state, parts, metadata) =>
    publish(
      AgentEvent.statusUpdate({
        ...ids,
        status: statusOf(state, network.clock.now(), parts && agentMessage(ids, parts)),
        metadata,
      }),
    )

/** What a call came to, and whether it goes on where the streamed text ended. */
export interface Outcome {
  readonly parts: Part[]
  readonly append: boolean
}

/** One call; its text is streamed as the artifact grows, its progress as the task's metadata. */
const callOnce = async (gate: Gate, p: Performance, tell: Tell): Promise<Outcome> => {
  const { act } = p
  let streamed = ''
  const onUpdate = (update: Update): void => {
    if (update.kind === 'progress') tell(TaskState.TASK_STATE_WORKING, undefined, { progress: update })
    else {
      publishParts(p, { parts: [textPart(update.text)], append: streamed !== '' }, false)
      streamed += update.text
    }
  }
  const output = await call(gate.network, p.work.caller, act.verb, act.input, {
    key: p.work.key,
    signal: p.signal,
    onUpdate,
  })
  if (act.verb.name !== 'ask') return { parts: [dataPart(output)], append: false }
  const { answer, question: _, ...facts } = output as { answer: string; question: string }
  if (streamed !== '' && streamed === answer) return { parts: [dataPart(facts)], append: true }
  return { parts: [textPart(answer), dataPart(facts)], append: false }
}

const publishParts = (p: Performance, { parts, append }: Outcome, lastChunk: boolean): void =>
  p.publish(
    AgentEvent.artifactUpdate({
      ...p.ids,
      artifact: artifact(p.act.verb.name === 'ask' ? 'answer' : 'result', parts),
      append,
      lastChunk,
      metadata: undefined,
    }),
  )
