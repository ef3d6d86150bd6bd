import { type Message, type Part, Role, type SendMessageRequest, type Task } from '@a2a-js/sdk'
import {
  type Client,
  ClientFactory,
  createAuthenticatingFetchWithRetry,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client'
import type { Network } from '../../../context.ts'
import { verbs } from '../../../verbs.ts'
import { openGateway } from '../../gateway.ts'
import { openServer } from '../../server.ts'
import { openStage, type Stage, type StageOptions } from '../../testing/stage.ts'
import { dataPart, textPart } from '../parts.ts'

/** What the chain of the stage tells of itself: enough for a price. */
const chain = {
  address: (wallet: number) => `0xwallet${wallet}`,
  balance: async () => 99n,
  disputeWindowSeconds: 600,
  paymentTerms: async () => ({
    chainId: 31_337,
    time: 0n,
    token: `0x${'11'.repeat(20)}`,
    treasury: `0x${'22'.repeat(20)}`,
    domain: { name: 'Token', version: '1' },
  }),
} as unknown as Network['chain']

const base = { name: 'base', hash: 'b0', config: { context: 512 } } as Network['engine']['base']

/** The gateway's stage with a chain that tells a price, and a model that reads 512 tokens. */
export const openAgents = (options: StageOptions = {}): Promise<Stage> =>
  openStage({ ...options, network: { chain }, engine: { base } })

/** A gateway over a stage's network as it is by then; a second one after it is the same node, started again. */
export const openNode = async (stage: Stage): Promise<{ url: string; close(): Promise<void> }> => {
  const gateway = await openGateway(stage.network, verbs, {
    TRIBUTARY_ANONYMOUS_RATE: 1_000,
    TRIBUTARY_CORS: [],
    TRIBUTARY_WEBHOOKS: 'public',
    X402_FACILITATOR_URL: undefined,
  })
  const server = await openServer((request, bindings) => gateway.fetch(request, bindings), { port: 0 })
  await gateway.opened(server)
  return { url: server.url, close: () => server.close(() => void gateway.close()) }
}

export type Binding = 'JSONRPC' | 'HTTP+JSON'

/** The SDK's own client of one agent, by one transport, with a key or as nobody. */
export const clientOf = (
  url: string,
  path: string,
  { key, binding = 'JSONRPC' }: { key?: string; binding?: Binding } = {},
): Promise<Client> => {
  const fetchImpl =
    key === undefined
      ? fetch
      : createAuthenticatingFetchWithRetry(fetch, {
          headers: async () => ({ authorization: `Bearer ${key}` }),
          shouldRetryWithHeaders: async () => undefined,
        })
  const transport =
    binding === 'JSONRPC'
      ? new JsonRpcTransportFactory({ fetchImpl })
      : new RestTransportFactory({ fetchImpl })
  return new ClientFactory({ transports: [transport] }).createFromUrl(
    `${url}a2a/${path}`,
    `/a2a/${path}/.well-known/agent-card.json`,
  )
}

let count = 0

export const messageOf = (part: Part | string, more: Partial<Message> = {}): Message => ({
  messageId: `m${++count}`,
  contextId: '',
  taskId: '',
  role: Role.ROLE_USER,
  parts: [typeof part === 'string' ? textPart(part) : part],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
  ...more,
})

/** A message of one text, or of one verb. */
export const sent = (
  what: string | { verb: string; input?: unknown; follow?: boolean },
  configuration?: Partial<SendMessageRequest['configuration']>,
  more: Partial<Message> = {},
): SendMessageRequest => ({
  tenant: '',
  message: messageOf(typeof what === 'string' ? what : dataPart(what), more),
  configuration: {
    acceptedOutputModes: [],
    taskPushNotificationConfig: undefined,
    returnImmediately: false,
    ...configuration,
  },
  metadata: undefined,
})

export const textsOf = (parts: readonly Part[] = []): string[] =>
  parts.flatMap(({ content }) => (content?.$case === 'text' ? [content.value] : []))
export const dataOf = (parts: readonly Part[] = []): unknown =>
  parts.flatMap(({ content }) => (content?.$case === 'data' ? [content.value] : []))[0]

/** What was sent back, where it is a task. */
export const taskOf = (result: Message | Task): Task => {
  if ('messageId' in result) throw new Error('A message came instead of a task.')
  return result
}
