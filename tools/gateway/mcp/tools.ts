import type {
  CallToolResult,
  InputRequiredResult,
  McpServer,
  ServerContext,
  ToolAnnotations,
} from '@modelcontextprotocol/server'
import { fault } from '../../../infra/errors.ts'
import type { Caller, Update } from '../../context.ts'
import { call, mayCall, type Verb } from '../../registry.ts'
import { toldOf } from '../faults.ts'
import { callerOf, keyOf, requestOf } from './caller.ts'
import { confirm } from './confirm.ts'
import { schemasOf } from './schemas.ts'
import type { Desk } from './server.ts'

/** Every verb that the caller may call, as a tool of the same name. */
export const registerTools = (server: McpServer, desk: Desk, own: Caller): void => {
  for (const verb of desk.verbs.filter(verb => mayCall(verb, own))) {
    const { input, output } = schemasOf(verb)
    server.registerTool(
      verb.name,
      {
        title: titleOf(verb.name),
        description: verb.summary,
        inputSchema: input,
        outputSchema: output,
        annotations: annotationsOf(verb),
      },
      (values, context) => callTool(desk, server, verb, values, context, callerOf(context, own)),
    )
  }
}

const titleOf = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')

/** Results hold texts that strangers wrote, whatever the verb: the world is open. */
const annotationsOf = ({ effect }: Verb): ToolAnnotations => ({
  readOnlyHint: effect === 'read',
  destructiveHint: effect === 'money' || effect === 'vote',
  idempotentHint: effect === 'read',
  openWorldHint: true,
})

const callTool = async (
  desk: Desk,
  server: McpServer,
  verb: Verb,
  input: unknown,
  context: ServerContext,
  caller: Caller,
): Promise<CallToolResult | InputRequiredResult> => {
  const signal = AbortSignal.any([context.mcpReq.signal, desk.closing])
  try {
    const verdict = await confirm(desk, server, context, caller, verb, input)
    if (verdict.kind === 'ask') return verdict.result
    if (verdict.kind === 'declined')
      throw fault('declined', `"${verb.name}" was declined; nothing was done.`, {
        fix: 'Ask the person what they want instead.',
      })
    const progress = openProgress(context)
    const key = verdict.key ?? keyOf(context)
    const output = await call(desk.network, caller, verb, input, { key, signal, onUpdate: progress.tell })
    await progress.told()
    return {
      content: [{ type: 'text', text: JSON.stringify(output) }],
      structuredContent: output as Record<string, unknown>,
    }
  } catch (error) {
    // Nobody waits for what was cancelled: the SDK sends nothing then.
    if (context.mcpReq.signal.aborted) throw error
    const requestId = requestOf(context.http?.authInfo)?.requestId ?? String(context.mcpReq.id)
    const { code, message, fix, retry } = toldOf(error, desk.network.log, requestId)
    const told = { code, message, fix, retry }
    return { isError: true, content: [{ type: 'text', text: JSON.stringify(told) }], structuredContent: told }
  }
}

/** Sends what a long call says, where the client asked to hear of it. */
const openProgress = ({ mcpReq }: ServerContext) => {
  const token = mcpReq._meta?.progressToken
  let progress = 0
  let sent: Promise<unknown> = Promise.resolve()
  return {
    tell: (update: Update): void => {
      if (token === undefined) return
      // It has to grow with every message, also where a step is told twice.
      progress = update.kind === 'progress' && update.step > progress ? update.step : progress + 1
      const total = update.kind === 'progress' && progress <= update.steps ? { total: update.steps } : {}
      const params = { progressToken: token, progress, ...total, message: messageOf(update) }
      const sending = mcpReq.notify({ method: 'notifications/progress', params })
      // A client that went away is seen by the signal.
      sent = Promise.all([sent, sending]).catch(() => {})
    },
    told: (): Promise<unknown> => sent,
  }
}

const messageOf = (update: Update): string => {
  if (update.kind === 'text') return update.text
  const loss = update.loss === undefined ? '' : `, loss ${update.loss.toFixed(3)}`
  const left = update.secondsLeft === undefined ? '' : `, ${Math.ceil(update.secondsLeft)} s left`
  return `step ${update.step} of ${update.steps}${loss}${left}`
}
