import { type Artifact, type Message, type Part, Role, TaskState, type TaskStatus } from '@a2a-js/sdk'
import { newId } from '../../../infra/ids.ts'

export const textPart = (text: string): Part => ({
  content: { $case: 'text', value: text },
  metadata: undefined,
  filename: '',
  mediaType: 'text/plain',
})

/** `value` is plain JSON. */
export const dataPart = (value: unknown): Part => ({
  content: { $case: 'data', value },
  metadata: undefined,
  filename: '',
  mediaType: 'application/json',
})

/** The ids of a task, as every one of its events carries them. */
export interface TaskIds {
  readonly taskId: string
  readonly contextId: string
}

export const agentMessage = ({ taskId, contextId }: TaskIds, parts: Part[]): Message => ({
  messageId: newId(),
  taskId,
  contextId,
  role: Role.ROLE_AGENT,
  parts,
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
})

export const artifact = (artifactId: string, parts: Part[]): Artifact => ({
  artifactId,
  name: artifactId,
  description: '',
  parts,
  metadata: undefined,
  extensions: [],
})

export const statusOf = (state: TaskState, at: Date, message?: Message): TaskStatus => ({
  state,
  message,
  timestamp: at.toISOString(),
})

/** States that nothing follows. */
export const ended = (state: TaskState | undefined): boolean =>
  state === TaskState.TASK_STATE_COMPLETED ||
  state === TaskState.TASK_STATE_FAILED ||
  state === TaskState.TASK_STATE_CANCELED ||
  state === TaskState.TASK_STATE_REJECTED

/** Neighbouring texts as one: an answer that was streamed word by word is read as it was written. */
export const joinTexts = (parts: readonly Part[]): Part[] => {
  const joined: Part[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (last?.content?.$case === 'text' && part.content?.$case === 'text')
      joined[joined.length - 1] = textPart(last.content.value + part.content.value)
    else joined.push(part)
  }
  return joined
}
