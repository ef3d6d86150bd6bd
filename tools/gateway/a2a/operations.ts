import {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  type ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk'
import { RequestMalformedError } from '@a2a-js/sdk/errors'
import type { DefaultRequestHandler, ServerCallContext } from '@a2a-js/sdk/server'

/** One of A2A's methods, the same for every transport. JSON in, JSON out. */
export interface Operation {
  /** Whether it brings a message, which may cost something. */
  readonly sends: boolean
  run(
    handler: DefaultRequestHandler,
    params: unknown,
    context: ServerCallContext,
  ): Promise<unknown> | AsyncGenerator<unknown>
}

interface Codec<T> {
  fromJSON(json: unknown): T
}

const once = <T>(
  codec: Codec<T>,
  run: (handler: DefaultRequestHandler, params: T, context: ServerCallContext) => Promise<unknown>,
  sends = false,
): Operation => ({
  sends,
  run: (handler, params, context) => run(handler, read(codec, params), context),
})

const streamed = <T>(
  codec: Codec<T>,
  run: (
    handler: DefaultRequestHandler,
    params: T,
    context: ServerCallContext,
  ) => AsyncGenerator<StreamResponse>,
  sends = false,
): Operation => ({
  sends,
  run: async function* (handler, params, context) {
    for await (const event of run(handler, read(codec, params), context)) yield StreamResponse.toJSON(event)
  },
})

/** Reads a request. Throws `RequestMalformedError` where it is none, has a tenant (there are none here) or a wrong length. */
export const read = <T>(codec: Codec<T>, params: unknown): T => {
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    throw new RequestMalformedError('The parameters are not an object.')
  const { tenant, historyLength } = params as Record<string, unknown>
  if (tenant !== undefined && tenant !== '') throw new RequestMalformedError('tenant: this agent has none.')
  if (
    historyLength !== undefined &&
    !(Number.isSafeInteger(Number(historyLength)) && Number(historyLength) >= 0)
  )
    throw new RequestMalformedError('historyLength: not a whole number from 0.')
  try {
    return codec.fromJSON(params)
  } catch (cause) {
    throw new RequestMalformedError({ message: 'The parameters cannot be read.', cause })
  }
}

/** Fields that have to stand in the answer also where they are empty, which ProtoJSON would leave out. */
const listed = (response: ListTasksResponse, artifacts: boolean): unknown => {
  const { nextPageToken, pageSize, totalSize } = response
  const tasks = response.tasks.map(task => {
    const json = Task.toJSON(task) as Record<string, unknown>
    return artifacts ? { ...json, artifacts: json.artifacts ?? [] } : json
  })
  return { tasks, nextPageToken, pageSize, totalSize }
}

export const operations: Readonly<Record<string, Operation>> = {
  SendMessage: once(
    SendMessageRequest,
    async (handler, params, context) => {
      const sent = await handler.sendMessage(params, context)
      return 'messageId' in sent ? { message: Message.toJSON(sent) } : { task: Task.toJSON(sent) }
    },
    true,
  ),
  SendStreamingMessage: streamed(
    SendMessageRequest,
    (handler, params, context) => handler.sendMessageStream(params, context),
    true,
  ),
  GetTask: once(GetTaskRequest, async (handler, params, context) =>
    Task.toJSON(await handler.getTask(params, context)),
  ),
  ListTasks: once(ListTasksRequest, async (handler, params, context) =>
    listed(await handler.listTasks(params, context), params.includeArtifacts === true),
  ),
  CancelTask: once(CancelTaskRequest, async (handler, params, context) =>
    Task.toJSON(await handler.cancelTask(params, context)),
  ),
  SubscribeToTask: streamed(SubscribeToTaskRequest, (handler, params, context) =>
    handler.resubscribe(params, context),
  ),
  CreateTaskPushNotificationConfig: once(TaskPushNotificationConfig, async (handler, params, context) =>
    TaskPushNotificationConfig.toJSON(await handler.createTaskPushNotificationConfig(params, context)),
  ),
  GetTaskPushNotificationConfig: once(
    GetTaskPushNotificationConfigRequest,
    async (handler, params, context) =>
      TaskPushNotificationConfig.toJSON(await handler.getTaskPushNotificationConfig(params, context)),
  ),
  ListTaskPushNotificationConfigs: once(
    ListTaskPushNotificationConfigsRequest,
    async (handler, params, context) =>
      ListTaskPushNotificationConfigsResponse.toJSON(
        await handler.listTaskPushNotificationConfigs(params, context),
      ),
  ),
  DeleteTaskPushNotificationConfig: once(
    DeleteTaskPushNotificationConfigRequest,
    async (handler, params, context) => {
      await handler.deleteTaskPushNotificationConfig(params, context)
      return {}
    },
  ),
  GetExtendedAgentCard: once(GetExtendedAgentCardRequest, async (handler, params, context) =>
    AgentCard.toJSON(await handler.getAuthenticatedExtendedAgentCard(params, context)),
  ),
}
