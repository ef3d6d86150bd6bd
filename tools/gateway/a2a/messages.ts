import { type Message, Role, SendMessageRequest } from '@a2a-js/sdk'
import {
  ContentTypeNotSupportedError,
  PushNotificationNotSupportedError,
  RequestMalformedError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors'
import type { ServerCallContext } from '@a2a-js/sdk/server'
import { depthOver } from '../rest/input.ts'
import { read } from './operations.ts'
import type { Tasks } from './tasks.ts'
import { ownerOf, workOf } from './work.ts'

/** Parts of a message, characters of the ids that a client makes up, and levels of what it holds. */
const PARTS = 20
const ID = 200
const LEVELS = 100

/** What Postgres cannot store and RFC 8785 cannot write: NUL, and half of a surrogate pair. */
const unstorable = /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Reads a message before a task is made of it or anything is paid. Throws A2A's errors. */
export const readMessage = async (
  tasks: Tasks,
  context: ServerCallContext,
  params: unknown,
): Promise<Message> => {
  const { message, configuration } = read(SendMessageRequest, params)
  if (message === undefined) throw new RequestMalformedError('message: required.')
  refuseMalformed(message)
  if (configuration?.taskPushNotificationConfig !== undefined) throw new PushNotificationNotSupportedError()
  if (configuration?.returnImmediately === true && ownerOf(workOf(context)) === undefined)
    throw new UnsupportedOperationError(
      'Without a key nobody could read this task later: wait for it, or stream it.',
    )
  if (message.taskId !== '') await refuseMore(tasks, context, message)
  return message
}

const refuseMalformed = ({ messageId, contextId, role, parts, referenceTaskIds, ...rest }: Message): void => {
  if (messageId === '' || messageId.length > ID || contextId.length > ID)
    throw new RequestMalformedError(`messageId, contextId: 1 to ${ID} characters.`)
  if (role !== Role.ROLE_USER)
    throw new RequestMalformedError('message.role: ROLE_USER, as you are not the agent.')
  if (parts.length === 0 || parts.length > PARTS || parts.some(({ content }) => content === undefined))
    throw new RequestMalformedError(`message.parts: 1 to ${PARTS}, none empty.`)
  if (!referenceTaskIds.every(id => uuid.test(id)))
    throw new RequestMalformedError('message.referenceTaskIds: ids of tasks.')
  // What walks through it later holds as many of its own calls.
  if (depthOver([parts, rest], LEVELS)) throw new RequestMalformedError('message: nested too deeply.')
  if (unstorable.test(JSON.stringify([messageId, contextId, parts, rest])))
    throw new RequestMalformedError('message: a NUL character or half of a surrogate pair.')
  for (const { content, mediaType } of parts) {
    const wanted = content?.$case === 'data' ? 'application/json' : 'text/plain'
    if (mediaType !== '' && mediaType.split(';')[0]?.trim().toLowerCase() !== wanted)
      throw new ContentTypeNotSupportedError('The agent takes text/plain and application/json.')
  }
}

/** A task is one call: what follows is a new task in the same context. */
const refuseMore = async (tasks: Tasks, context: ServerCallContext, message: Message): Promise<never> => {
  const task = await tasks.load(message.taskId, context)
  if (task === undefined) throw new TaskNotFoundError('There is no such task.')
  if (message.contextId !== '' && message.contextId !== task.contextId)
    throw new RequestMalformedError('message.contextId: not that of the task.')
  throw new UnsupportedOperationError(
    'A task takes one message; send the next with its contextId and no taskId.',
  )
}
