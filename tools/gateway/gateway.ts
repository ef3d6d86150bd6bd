import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { fault } from '../../infra/errors.ts'
import type { Network } from '../context.ts'
import type { Verb } from '../registry.ts'
import { a2aRoutes } from './a2a.ts'
import { removeNodeFile, writeNodeFile } from './access/node-file.ts'
import { door } from './access.ts'
import { headersOf, problemOf, toldOf } from './faults.ts'
import type { Env, Gate, GateSettings, Programs } from './gate.ts'
import { mcpRoutes } from './mcp.ts'
import { openaiFault, openaiRoutes } from './openai.ts'
import { restRoutes } from './rest.ts'
import type { Address } from './server.ts'
import { startWebhooks } from './webhooks/worker.ts'
import { startPayments } from './x402/watch.ts'

export interface Gateway extends Programs {
  /** Told where the server listens, before the first request. */
  opened(address: Address): Promise<void>
  close(): Promise<void>
}

/** Paths of programs; all others are the web page's. */
const own = /^\/(v1|mcp|a2a|api|openapi\.json|\.well-known)(\/|$)/

/** Everything that programs reach: OpenAI's API, MCP, A2A and REST, behind one door. */
export const openGateway = async (
  network: Network,
  verbs: readonly Verb[],
  settings: GateSettings,
): Promise<Gateway> => {
  const closing = new AbortController()
  let address: Address | undefined
  let webhooks: Promise<void> | undefined
  let payments: Promise<void> | undefined
  const gate: Gate = {
    network,
    verbs,
    settings,
    closing: closing.signal,
    address: () => {
      if (address === undefined) throw new Error('The gateway was asked before its server listened.')
      return address
    },
  }
  const app = createApp(gate)
  return {
    owns: path => own.test(path),
    fetch: (request, bindings) => app.fetch(request, bindings),
    opened: async at => {
      address = at
      writeNodeFile(network.folder, at.local)
      webhooks = startWebhooks(gate)
      payments = startPayments(gate)
    },
    close: async () => {
      closing.abort()
      removeNodeFile(network.folder)
      await webhooks
      await payments
    },
  }
}

const everyPart = [openaiRoutes, mcpRoutes, a2aRoutes, restRoutes] as const

/** The parts of the gateway behind its door. */
export const createApp = (
  gate: Gate,
  parts: readonly ((gate: Gate) => Hono<Env>)[] = everyPart,
): Hono<Env> => {
  const app = new Hono<Env>()
  door(app, gate)
  for (const part of parts) app.route('/', part(gate))
  app.notFound(c => {
    const allowed = methodsOf(app, c.req.path)
    if (allowed.length > 0) {
      c.header('allow', allowed.join(', '))
      throw fault('method-unknown', `This route does not take ${c.req.method}.`, {
        fix: `Send ${allowed.join(' or ')}.`,
      })
    }
    throw fault('route-unknown', 'There is no such route.', { fix: 'Look at /openapi.json.' })
  })
  app.onError((error, c) => {
    // The door refuses before any part is reached, and OpenAI's clients know one shape of error.
    if (c.req.path.startsWith('/v1/')) return openaiFault(gate, c, error)
    const told = toldOf(error, gate.network.log, c.get('requestId'))
    const body = JSON.stringify(problemOf(told, c.get('requestId')))
    return c.body(body, told.status as ContentfulStatusCode, {
      'content-type': 'application/problem+json',
      ...headersOf(told),
    })
  })
  return app
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The methods that a path takes; what stands before all of them (`ALL`) is the door. */
const methodsOf = (app: Hono<Env>, path: string): string[] =>
  methods.filter(method => app.router.match(method, path)[0].some(([[, route]]) => route.method === method))
