import { AgentCard, Task } from '@a2a-js/sdk'
import { DefaultExecutionEventBusManager, DefaultRequestHandler, validateVersion } from '@a2a-js/sdk/server'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { canonicalJson, sha256Hex } from '../../infra/canonical.ts'
import { type Agent, findAgent } from './a2a/agents.ts'
import { cardOf, listAgents } from './a2a/cards.ts'
import { decide } from './a2a/decide.ts'
import { openExecutor } from './a2a/executor.ts'
import { readMessage } from './a2a/messages.ts'
import type { Operation } from './a2a/operations.ts'
import { resumeTasks } from './a2a/resume.ts'
import { openCardSigner } from './a2a/signing.ts'
import { sse } from './a2a/sse.ts'
import { openTasks } from './a2a/tasks.ts'
import { restWire, rpcWire, type Wire } from './a2a/transports.ts'
import { type Act, contextFor, type Work } from './a2a/work.ts'
import { PATIENCE_SECONDS } from './access/served.ts'
import type { Env, Gate } from './gate.ts'
import { priced } from './priced.ts'

const cardPath = '/.well-known/agent-card.json'

/** What the SDK has to know of any of our agents: what they can do is the same for all. */
const anyCard = AgentCard.fromJSON({
  capabilities: { streaming: true },
  supportedInterfaces: ['JSONRPC', 'HTTP+JSON'].map(protocolBinding => ({
    protocolBinding,
    protocolVersion: '1.0',
  })),
})

/**
 * A2A 1.0: an agent for each role and each released model, by JSON-RPC and HTTP+JSON at one address each, with signed cards.
 * `pollMs`: how often a task that follows a tuning run looks at it.
 */
export const a2aRoutes = (gate: Gate, { pollMs = 1000 }: { pollMs?: number } = {}): Hono<Env> => {
  const { db, log, folder } = gate.network
  const signer = openCardSigner(folder)
  const tasks = openTasks(gate.network)
  const executor = openExecutor(gate, tasks, pollMs)
  const buses = new DefaultExecutionEventBusManager()
  const handler = new DefaultRequestHandler(anyCard, tasks, executor, buses)
  const resumed = resumeTasks(gate, tasks, executor, buses).catch((error: unknown) =>
    log.error('tasks.not-resumed', { error: error instanceof Error ? error : String(error) }),
  )

  const card = async (c: Context<Env>, path: string): Promise<Response> => {
    const agent = await findAgent(db, gate.verbs, path)
    const body = canonicalJson(
      await signer.sign(await cardOf(gate, agent), `${gate.address().url}.well-known/jwks.json`),
    )
    const etag = `"${sha256Hex(body).slice(0, 32)}"`
    const headers = { etag, 'cache-control': 'public, max-age=300', 'content-type': 'application/json' }
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers)
    return c.body(body, 200, headers)
  }

  const answer = async (operation: Operation, params: unknown, wire: Wire, work: Work): Promise<Response> => {
    const result = operation.run(handler, params, contextFor(work))
    if (result instanceof Promise)
      return Response.json(wire.wrap(await soon(result, () => tasks.taskFor(work))), {
        headers: { 'content-type': wire.contentType },
      })
    // The first event is awaited, so that a refusal is told as one and not as a stream.
    const first = await result.next()
    const events = async function* () {
      if (first.done !== true) yield wire.wrap(first.value)
      for await (const event of result) yield wire.wrap(event)
    }
    return sse(events(), gate.closing, error => wire.refusal(error).error)
  }

  const serve = async (c: Context<Env>, agent: Agent, wire: Wire): Promise<Response> => {
    const version = c.req.header('a2a-version') ?? c.req.query('A2A-Version') ?? ''
    validateVersion(version === '' ? '0.3' : version, anyCard, wire.binding)
    const { operation, params } = await wire.read()
    await resumed
    const caller = c.get('caller')
    const requestId = c.get('requestId')
    const key = c.req.header('idempotency-key') ?? requestId
    const work = { agent: agent.id, caller, requestId, key }
    if (!operation.sends) return answer(operation, params, wire, work)
    const context = contextFor(work)
    const act = await decide(gate, tasks, agent, context, await readMessage(tasks, context, params))
    const units = await costOf(gate, act, work)
    if (units === undefined) return answer(operation, params, wire, { ...work, act })
    const requestHash = sha256Hex(canonicalJson({ agent: agent.path, act: act.kind === 'call' && act.input }))
    const order = { units, description: `A question to ${agent.path.slice('models/'.length)}`, requestHash }
    return priced(gate, c, order, payer => answer(operation, params, wire, { ...work, ...payer, act }))
  }

  const app = new Hono<Env>()
  app.get('/.well-known/jwks.json', async c => c.json(await signer.keys()))
  app.get(cardPath, c => card(c, ''))
  app.get('/a2a', async c => c.json({ agents: await listAgents(gate) }))
  app.all('/a2a/*', async c => {
    c.set('caller', { ...c.get('caller'), surface: 'a2a' })
    const { path, rest } = locate(c.req.path)
    if (rest === cardPath && c.req.method === 'GET') return card(c, path)
    const id = c.get('requestId')
    const wire =
      rest === '' && c.req.method === 'POST'
        ? rpcWire(c.req.raw, log, id)
        : restWire(c.req.raw, rest, log, id)
    try {
      return await serve(c, await findAgent(db, gate.verbs, path), wire)
    } catch (error) {
      const { status, headers, error: told } = wire.refusal(error)
      return c.body(JSON.stringify(told), status as ContentfulStatusCode, {
        ...headers,
        'content-type': wire.contentType,
      })
    }
  })
  return app
}

/** Seconds that a caller waits for a task to end; then it is told how far the task is, before the door loses patience. */
const WAIT_SECONDS = PATIENCE_SECONDS - 20

const soon = async (result: Promise<unknown>, taskNow: () => Task | undefined): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<unknown>(resolve => {
    timer = setTimeout(() => {
      const task = taskNow()
      resolve(task === undefined ? result : { task: Task.toJSON(task) })
    }, WAIT_SECONDS * 1000)
  })
  return Promise.race([result, late]).finally(() => clearTimeout(timer))
}

/** Which agent a path names, and what follows its address. */
const locate = (path: string): { path: string; rest: string } => {
  const own = /^\/a2a(?:\/(models\/[^/]+|(?!message:|tasks|extendedAgentCard|\.well-known)[^/]+))?(\/.*)?$/
  const [, agent = '', rest = ''] = own.exec(path.replaceAll(/%40/g, '@').replaceAll(/%3A/gi, ':')) ?? []
  return { path: agent, rest: rest === '/' ? '' : rest }
}

/** Undefined for what nobody outside can pay for. */
const costOf = async (gate: Gate, act: Act, { caller }: Work): Promise<bigint | undefined> =>
  act.kind === 'call' && act.priced
    ? ((await act.verb.cost?.(gate.network, caller, act.input)) ?? 0n)
    : undefined
